import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gaveUp, refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import type { CheckDefinition } from '../checks/check.ts'
import { judge } from '../checks/judge.ts'
import { discover } from '../discover.ts'
import { buildHistory } from '../history/merge.ts'
import { inPartsText } from './in-parts-text.ts'
import { judgeInParts } from './judge-in-parts.ts'
import { Tally } from './parts.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-parts-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function story(): Story {
  const told = aRun().check('bounded-time').check('retry-after-valid').check('error-taxonomy')
  for (let n = 1; n <= 12; n++) {
    const of = `steady-${String(n).padStart(2, '0')}`
    told.agent(of).calls({ of, fromMs: 100 + n * 31, toMs: 26_500, everyMs: 1_500, answer: served(20 + n), serverMs: 15 })
    told.call({ of, atMs: 12_000 + n, answer: refused() })
  }
  return told
}

async function inParts(parts: number) {
  const checks = await discover<CheckDefinition>('check', path.join(import.meta.dirname, '../checks'))
  const bytes = (await stat(path.join(folder, 'raw/load.ndjson'))).size
  const judged = await judgeInParts(folder, checks, { bytes, scratch: path.join(folder, 'parts'), partBytes: Math.ceil(bytes / parts) })
  return { judged, whole: judge(await buildHistory(folder), checks).verdicts, ...inPartsText(judged) }
}

const statuses = (verdicts: readonly { check: string; status: string }[]) =>
  Object.fromEntries(verdicts.map(({ check, status }) => [check, status]))

test('in one part and in five, exact checks and gates say what they say of the whole', async () => {
  await story().writeTo(folder)
  const one = await inParts(1)
  const five = await inParts(5)
  expect(one.judged.parts).toBe(1)
  expect(five.judged.parts).toBe(5)
  // So small a sample says nothing of steadiness, and says so.
  expect(statuses(five.judged.verdicts)).toEqual({ ...statuses(five.whole), 'baseline-steady': 'unknown' })
  expect(statuses(one.judged.verdicts)).toEqual(statuses(one.whole))
  const samples = (verdicts: typeof five.whole) => verdicts.find(({ check }) => check === 'retry-after-valid')?.samples
  expect(samples(five.judged.verdicts)).toBe(samples(five.whole))
  expect(five.text).toContain('every line is there, once')
})

test('one witness in one part fails the whole', async () => {
  const told = story()
  const refusal = told.load.find((line) => line.kind === 'end' && line.retryAfter !== undefined)
  if (refusal?.kind === 'end') delete refusal.retryAfter
  await told.writeTo(folder)
  const { judged, exitCode } = await inParts(5)
  expect(judged.verdicts.find(({ check }) => check === 'retry-after-valid')).toMatchObject({
    status: 'fail',
    says: expect.stringContaining('fail in 1 of 5 parts'),
  })
  expect(exitCode).toBe(1)
})

test('what holds one agent against another is not judged in parts, and says what to do', async () => {
  const told = aRun().check('priority-order').agent('payments-01').agent('nightly-01')
  for (const agent of told.plan.agents) agent.priority = agent.agent === 'payments-01' ? 'critical' : 'batch'
  for (const of of ['payments-01', 'nightly-01']) told.call({ of, atMs: 11_000, answer: served(20) })
  await told.writeTo(folder)
  const verdict = async (parts: number) => (await inParts(parts)).judged.verdicts.find(({ check }) => check === 'priority-order')
  expect(await verdict(2)).toMatchObject({ status: 'not-judged', addLine: expect.stringContaining('judge it whole') })
  expect((await verdict(1))?.status).toBe('pass')
})

test('a key that agents of two tenants use has the rows of both, in whichever parts they are', async () => {
  const told = aRun().check('effects-once')
  told.plan.sharedKeys = {}
  for (let n = 1; n <= 6; n++) {
    for (const tenant of ['t0', 't1']) {
      const of = `impatient-${tenant}-${n}`
      told.agent(of, { tenant }).call({ of, role: 'write', atMs: 3_000 + n, key: `w${n}`, answer: served() })
    }
    told.plan.sharedKeys[`w${n}`] = 2
    told.effect(`w${n}`, 't0 INV-1', 't1 INV-1')
  }
  await told.writeTo(folder)
  const { judged } = await inParts(3)
  expect(judged.parts).toBe(3)
  const found = judged.verdicts.find(({ check }) => check === 'effects-once')
  expect(found?.status).toBe('pass')
  // Some of the six are looked at in two parts.
  expect(found?.samples).toBeGreaterThan(6)
})

test('what the database told of all agents is not held against the calls of some', async () => {
  const told = aRun().check('cancel-propagates')
  for (let n = 1; n <= 12; n++) {
    const of = `steady-${String(n).padStart(2, '0')}`
    told.agent(of).call({ of, atMs: 10_500, timeoutMs: 100, answer: gaveUp(100) })
    told.call({ of, atMs: 12_000, answer: served(1_900) })
  }
  for (const [atMs, activeOverSecond] of [
    [11_000, 0],
    [13_300, 12],
    [13_600, 12],
  ] as const)
    told.sample('postgres', atMs, { activeOverSecond })
  await told.writeTo(folder)
  const { judged, whole } = await inParts(5)
  expect(whole.find(({ check }) => check === 'cancel-propagates')?.status).toBe('pass')
  expect(judged.verdicts.find(({ check }) => check === 'cancel-propagates')).toMatchObject({
    status: 'not-judged',
    addLine: expect.stringContaining('judge it whole'),
  })
})

test('a missing line is found, and its agent named', async () => {
  await story().writeTo(folder)
  const file = path.join(folder, 'raw/load.ndjson')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, lines.toSpliced(7, 1).join('\n'))
  const { agent } = JSON.parse(lines[7] ?? '')
  const { text, exitCode } = await inParts(5)
  expect([exitCode, text]).toEqual([2, expect.stringContaining(`not whole: 0 lines cannot be read; 1 agents, ${agent}`)])
})

test('quantiles are exact to the millisecond', () => {
  const tally = new Tally()
  for (let ms = 100; ms >= 1; ms--) tally.take(ms)
  expect([0.5, 0.95, 0.99, 1].map((p) => tally.quantile(p))).toEqual([50, 95, 99, 100])
  expect(new Tally().quantile(0.5)).toBeNaN()
})
