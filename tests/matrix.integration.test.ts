// The core of the detection matrix, in CI: each of these weaknesses is caught by the check that is named for it, with witnesses, and the
// hardened server holds in the same scenario. The whole of it is `npm run matrix`.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT, Workshop } from './fixtures/cli.ts'
import { allWeaknesses } from './fixtures/weaknesses.ts'

const CORE = [
  ...['no-agent-limit', 'limiter-after-work', 'retry-after-missing'],
  ...['pool-queue-unbounded', 'one-shared-pool', 'no-deadline'],
  ...['no-breaker', 'breaker-never-closes', 'liveness-needs-database'],
  ...['no-idempotency', 'idempotency-lease-expires'],
  'pool-per-request',
]

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const weaknesses = await allWeaknesses()
const core = weaknesses.filter(({ id }) => CORE.includes(id))
const filesOf = (folder: string) =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => path.basename(name, '.ts'))

describe.each([...new Set(core.map(({ value }) => value.caughtBy.scenario))])('%s', (scenario) => {
  test('the hardened server holds', async () => {
    const run = await workshop.measured(scenario)
    expect(run.answer.exitCode, run.why).toBe(0)
  })

  test.each(core.filter(({ value }) => value.caughtBy.scenario === scenario).map(({ id, value }) => [id, value.caughtBy.check] as const))(
    '%s is caught by %s',
    async (weakness, check) => {
      const run = await workshop.measured(scenario, '--weaken', weakness)
      const verdict = run.verdict(check)
      expect(verdict.status, run.why).toBe('fail')
      expect(verdict.witnesses.length + verdict.exhibits.length).toBeGreaterThan(0)
      expect(verdict.remedy.do).not.toBe('')
      expect(run.answer.exitCode).toBe(1)
    },
  )
})

test('the core is there, and every weakness names a scenario and a check that are', () => {
  expect(core.map(({ id }) => id).sort()).toEqual([...CORE].sort())
  for (const { id, value } of weaknesses) {
    expect(filesOf('scenarios'), id).toContain(value.caughtBy.scenario)
    expect(filesOf('harness/checks'), id).toContain(value.caughtBy.check)
  }
})
