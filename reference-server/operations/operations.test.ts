// What operators rely on agrees with the server: metrics are told, alerts and dashboard name only what exists and share their
// figures with slo.yml, and every alert's rule is tried by promtool.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { promtoolPath } from '../../tests/fixtures/promtool.ts'
import { ERRORS } from '../errors.ts'
import { createMetrics } from '../metrics.ts'

interface Rule {
  record?: string
  alert?: string
  expr: string
  labels?: { severity: string; owner: string }
  annotations?: { summary: string; runbook: string }
}

const textOf = (file: string) => readFileSync(path.join(import.meta.dirname, file), 'utf8')
const rules = (parse(textOf('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules)
const alerts = rules.filter((rule) => rule.alert !== undefined)
const dashboard = JSON.parse(textOf('grafana/dashboard.json')) as { panels: { title: string; targets: { expr: string }[] }[] }
const slo = parse(textOf('slo.yml')) as {
  objectives: { availability: number; latency: number }
  burn: Record<'page' | 'ticket', { rate: number; long: string; short: string }>
  baseline: { times: number; floor: number }
}
const metrics = await createMetrics({
  pools: () => [],
  inFlight: () => 0,
  leases: async () => 0,
  loop: () => ({ delayMs: 0, utilisation: 0 }),
}).registry.getMetricsAsJSON()

/** Everything that a query may name. */
const known = new Set([
  'up',
  ...rules.flatMap(({ record }) => record ?? []),
  ...metrics.flatMap(({ name, type }) => (String(type) === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name])),
])

const WORDS = new Set(['by', 'and', 'or', 'unless', 'offset', 'on', 'ignoring', 'without', 'bool'])

/** The metrics that a PromQL expression names: what is left when strings, labels, ranges, groupings and functions are gone. */
function namesIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\b(by|on|ignoring|without)\s*\([^)]*\)/g, '')
    .replace(/\boffset\s+\w+/g, '')
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([name]) => name).filter((name) => !WORDS.has(name))
}

describe('metrics', () => {
  test('each has its row, and no row is about one that is gone', () => {
    const told = [...textOf('metrics.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
    expect(told).toEqual([...new Set(told)])
    expect(told.toSorted()).toEqual(metrics.map(({ name }) => name).toSorted())
  })

  test('none is kept by agent, tenant or key', () => {
    const labels = [...textOf('../metrics.ts').matchAll(/labelNames: \[([^\]]*)\]/g)].map(([, names = '']) => names).join()
    expect(labels).not.toMatch(/agent|tenant|key|session|user/)
  })

  test('names are found in queries', () => {
    expect(
      namesIn('sum by (tool) (rate(slow_total{tool=~"x"}[5m])) / (desk:a:b or vector(0)) > 3 * avg_over_time(x_y[1d] offset 15m)'),
    ).toEqual(['slow_total', 'desk:a:b', 'x_y'])
  })
})

describe('alerts', () => {
  test.each(alerts.map((rule) => [rule.alert, rule] as const))('%s says who, what and where to read on', (_, { labels, annotations }) => {
    expect(labels?.severity).toMatch(/^(page|ticket)$/)
    expect(labels?.owner).toMatch(/^(platform|service|business)$/)
    expect(annotations?.summary.length).toBeGreaterThan(20)
    const [, code] = /^runbook\.md#(\w+)$/.exec(annotations?.runbook ?? '') ?? []
    if (code !== undefined) expect(Object.keys(ERRORS)).toContain(code.toUpperCase())
  })

  test('name only metrics that there are', () => {
    expect(rules.flatMap(({ expr }) => namesIn(expr)).filter((name) => !known.has(name))).toEqual([])
  })

  test('have the figures of slo.yml', () => {
    const expr = (name: string) => rules.find(({ alert }) => alert === name)?.expr ?? ''
    const left = String(Math.round((1 - slo.objectives.availability) * 1e6) / 1e6)
    for (const [name, { rate, long, short }] of [
      ['ErrorBudgetBurnsFast', slo.burn.page],
      ['ErrorBudgetBurnsSlowly', slo.burn.ticket],
    ] as const) {
      for (const window of [long, short]) expect(expr(name)).toContain(`desk:failed:ratio${window} > ${rate} * ${left}`)
    }
    expect(textOf('grafana/dashboard.json')).toContain(`vector(${left})`)
    expect(expr('ErrorsAboveBaseline')).toContain(`> ${slo.baseline.times} * (`)
    expect(expr('ErrorsAboveBaseline')).toContain(`+ ${slo.baseline.floor} and`)
    expect(expr('ToolSlow')).toContain(`> ${slo.burn.page.rate} * ${Math.round((1 - slo.objectives.latency) * 1e6) / 1e6}`)
  })

  test('are each expected once, and each expected not to come, by the unit tests that promtool runs', () => {
    const cases = (
      parse(textOf('prometheus/alerts.test.yml')) as { tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[] }
    ).tests
    const all = cases.flatMap(({ alert_rule_test: each }) => each)
    const names = (some: typeof all) => [...new Set(some.map(({ alertname }) => alertname))].toSorted()
    expect(names(all.filter((one) => one.exp_alerts))).toEqual(alerts.map(({ alert }) => alert).toSorted())
    expect(names(all.filter((one) => !one.exp_alerts))).toEqual(alerts.map(({ alert }) => alert).toSorted())
  })

  test('hold in promtool', { timeout: 60_000 }, async () => {
    const program = await promtoolPath()
    const promtool = (...args: string[]) =>
      execFileSync(program, args, { cwd: path.join(import.meta.dirname, 'prometheus'), encoding: 'utf8' })
    expect(promtool('check', 'rules', 'alerts.yml')).toContain('SUCCESS')
    expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS')
    expect(promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
  })
})

describe('the dashboard', () => {
  test.each(dashboard.panels.map((panel) => [panel.title, panel] as const))('%s asks only for what there is', (_, { targets }) => {
    expect(targets.length).toBeGreaterThan(0)
    for (const { expr } of targets) {
      expect(namesIn(expr).filter((name) => !known.has(name))).toEqual([])
    }
  })

  test('shows every metric', () => {
    const shown = new Set(
      dashboard.panels
        .flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr)))
        .map((name) => name.replace(/_(bucket|sum|count)$/, '')),
    )
    expect(metrics.map(({ name }) => name).filter((name) => !shown.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([])
  })
})

describe('the runbook', () => {
  test('names metrics that there are, and fields that the log has', () => {
    const looked = [...textOf('runbook.md').matchAll(/^- \*\*Look at:\*\* (.*)$/gm)].flatMap(([, line = '']) => [
      ...line.matchAll(/`([^`]+)`/g),
    ])
    const names = looked.map(([, quoted = '']) => quoted.replace(/\{.*$/, '')).filter((name) => /^[a-z]+(_[a-z0-9]+)+$/.test(name))
    expect(names.length).toBeGreaterThan(20)
    const fields = new Set([...textOf('../log.ts').matchAll(/^ {4}(\w+):/gm)].map(([, field]) => field))
    const metric = (name: string) => metrics.some((one) => one.name === name)
    expect([...new Set(names)].filter((name) => !metric(name) && !fields.has(name))).toEqual([])
  })
})
