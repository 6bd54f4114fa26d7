// The core of the detection matrix, in CI: each of these weaknesses is caught by the check that is named for it, with witnesses, and the
// hardened server holds in the same scenario. The whole of it is `npm run matrix`.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT, Workshop } from './fixtures/cli.ts'
import { allWeaknesses } from './fixtures/weaknesses.ts'

/**
 * Two at a time, one that loads the cores beside one that hardly does: what a weakness does lies far past the limit, and what
 * has failed has failed, whatever else the machine did. The hardened server, which must hold, has the machine to itself.
 */
const PAIRS = [
  ['no-agent-limit', 'no-idempotency'],
  ['limiter-after-work', 'idempotency-lease-expires'],
  ['retry-after-missing', 'no-breaker'],
  ['pool-per-request', 'breaker-never-closes'],
  ['pool-queue-unbounded', 'liveness-needs-database'],
  ['one-shared-pool', 'no-deadline'],
] as const
const CORE = PAIRS.flat() as string[]
/** On a machine that stands still a run takes twice its time, and is made three times. */
const MEASURED_AGAIN_MS = 300_000

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const weaknesses = await allWeaknesses()
const core = new Map(weaknesses.flatMap(({ id, value }) => (CORE.includes(id) ? [[id, value.caughtBy] as const] : [])))
const filesOf = (folder: string) =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => path.basename(name, '.ts'))

test.each([...new Set([...core.values()].map(({ scenario }) => scenario))])('%s: the hardened server holds', async (scenario) => {
  const run = await workshop.scenario(scenario)
  expect(run.answer.exitCode, run.why).toBe(0)
})

describe.each(PAIRS)('%s and %s', (...pair) => {
  test.concurrent.each(pair)(
    '%s is caught',
    async (weakness) => {
      const { scenario = '', check = '' } = core.get(weakness) ?? {}
      const run = await workshop.scenario(scenario, '--weaken', weakness)
      const verdict = run.verdict(check)
      expect(verdict.status, run.why).toBe('fail')
      expect(verdict.witnesses.length + verdict.exhibits.length).toBeGreaterThan(0)
      expect(verdict.remedy.do).not.toBe('')
      expect(run.answer.exitCode).toBe(1)
    },
    MEASURED_AGAIN_MS,
  )
})

test('the core is there, and every weakness names a scenario and a check that are', () => {
  expect([...core.keys()].sort()).toEqual(CORE.toSorted())
  for (const { id, value } of weaknesses) {
    expect(filesOf('scenarios'), id).toContain(value.caughtBy.scenario)
    expect(filesOf('harness/checks'), id).toContain(value.caughtBy.check)
  }
})
