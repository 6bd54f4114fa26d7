import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { promtoolPath } from '../../tests/fixtures/promtool.ts'
import { parseSeries } from '../samplers/prometheus-text.ts'
import { alertNames, countersIn, durationMs, firedIn, firing, namesIn, RULES_FILE, stretchOf, testOf } from './alert-rules.ts'

const RULES = `
groups:
  - name: fixture
    rules:
      - alert: BreakerOpen
        expr: max by (dependency) (max_over_time(breaker_state[1m])) > 0
        for: 1m
      - alert: ErrorsMany
        expr: sum(rate(errors_total[5m])) > 10
      - alert: Gone
        expr: up{job="fixture"} == 0
        for: 30s
`
const EVERY_MS = 250

/** 24 s: a breaker that opens at 10 s, 40 errors a second from 10 s to 14 s, an instance that is away from 20 s on. */
const readings = Array.from({ length: 96 }, (_, n) => {
  const atMs = n * EVERY_MS + 3
  const open = atMs > 10_000 && atMs < 14_000 ? 1 : 0
  const errors = Math.max(0, Math.min(atMs, 14_000) - 10_000) * 0.04
  const text = `breaker_state{dependency="postgres"} ${open}\nerrors_total ${errors}\nother 5`
  return { atMs, instance: '1', ...(atMs < 20_000 && { series: parseSeries(text) }) }
})
const evaluation = { readings, counters: new Set(['errors_total']), everyMs: EVERY_MS, stretch: 75, job: 'fixture' }

test('the shortest stress stands for ten minutes, and a long run for itself', () => {
  const stress = (toMs: number) => ({ name: 'stress', fromMs: 0, toMs })
  expect(stretchOf([stress(8_000), stress(60_000)])).toBe(75)
  expect(stretchOf([stress(3_600_000)])).toBe(1)
})

test('rules are searched for their alerts and for what they speak of; the text for what only rises', () => {
  expect(alertNames(RULES)).toEqual(['BreakerOpen', 'ErrorsMany', 'Gone'])
  expect([...namesIn(RULES)]).toEqual(expect.arrayContaining(['breaker_state', 'errors_total', 'up']))
  expect(namesIn(RULES).has('other')).toBe(false)
  expect(countersIn('# HELP a b\n# TYPE a gauge\n# TYPE errors_total counter\n# TYPE t histogram')).toEqual([
    ...['errors_total', 'errors_total_total'],
    ...['t_bucket', 't_sum', 't_count'],
  ])
})

test('counters are stretched with the time, gauges are not; what was not read is a gap', () => {
  const test = testOf(evaluation).tests[0]
  expect(test?.interval).toBe('18750ms')
  const series = Object.fromEntries((test?.input_series ?? []).map(({ series, values }) => [series, values.split(' ')]))
  expect(series['errors_total{instance="1",job="fixture"}']?.slice(79, 82)).toEqual(['12000', '_', '_'])
  expect(series['breaker_state{dependency="postgres",instance="1",job="fixture"}']?.[45]).toBe('1')
  expect(series['up{instance="1",job="fixture"}']?.slice(79, 81)).toEqual(['1', '0'])
})

test("what promtool did not expect is what fires, in the run's own time", () => {
  const line = (when: string) =>
    `    expr: "ALERTS", time: ${when},\n        exp: nil\n        got: {__name__="ALERTS", alertname="A", alertstate="firing", tool="x{}"} 1E+00\n`
  const fired = firedIn(line('12m30s') + line('13m7s500ms') + line('20m'), 500, 75)
  expect(fired).toEqual([
    { alert: 'A', labels: { tool: 'x{}' }, fromMs: 10_000, toMs: 10_500 },
    { alert: 'A', labels: { tool: 'x{}' }, fromMs: 16_000, toMs: 16_000 },
  ])
  expect(durationMs('1h7m48s750ms')).toBe(4_068_750)
})

test('promtool evaluates the rules, and complains of bad ones', { timeout: 30_000 }, async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-alerts-'))
  try {
    await writeFile(path.join(folder, RULES_FILE), RULES)
    const promtool = await promtoolPath()
    const fired = await firing(promtool, folder, evaluation)
    const of = (alert: string) => fired.find((one) => one.alert === alert)
    expect(fired.map(({ alert }) => alert).toSorted()).toEqual(['BreakerOpen', 'ErrorsMany', 'Gone'])
    expect(of('BreakerOpen')?.labels).toMatchObject({ dependency: 'postgres' })
    // A minute of the rules is 0.8 s of the run.
    expect(of('BreakerOpen')?.fromMs).toBeGreaterThan(10_700)
    expect(of('BreakerOpen')?.fromMs).toBeLessThan(12_000)
    expect(of('ErrorsMany')?.fromMs).toBeGreaterThan(10_250)
    expect(of('ErrorsMany')?.toMs).toBeLessThan(20_000)
    expect(of('Gone')?.fromMs).toBeGreaterThan(20_300)
    await writeFile(path.join(folder, RULES_FILE), 'groups: [{ name: x, rules: [{ alert: A, expr: "sum(" }] }]')
    await expect(firing(promtool, folder, evaluation)).rejects.toThrow(/parse error|expr/i)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
