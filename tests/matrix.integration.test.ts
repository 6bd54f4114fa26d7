// The detection matrix of what there is so far: each weakness is caught by the check that is named for it, with witnesses,
// and the hardened server holds in the same scenario.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ROOT, Workshop } from './fixtures/cli.ts'
import { allWeaknesses } from './fixtures/weaknesses.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const weaknesses = await allWeaknesses()
const scenarios = readdirSync(path.join(ROOT, 'scenarios'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => path.basename(name, '.ts'))

describe.each(scenarios)('%s', (scenario) => {
  test('the hardened server holds', async () => {
    const run = await workshop.scenario(scenario)
    expect(run.answer.exitCode, run.why).toBe(0)
  })

  test.each(
    weaknesses.filter(({ value }) => value.caughtBy.scenario === scenario).map(({ id, value }) => [id, value.caughtBy.check] as const),
  )('%s is caught by %s', async (weakness, check) => {
    const run = await workshop.scenario(scenario, '--weaken', weakness)
    const verdict = run.verdict(check)
    expect(verdict.status, run.why).toBe('fail')
    expect(verdict.witnesses.length + verdict.exhibits.length).toBeGreaterThan(0)
    expect(verdict.remedy.do).not.toBe('')
    expect(run.answer.exitCode).toBe(1)
  })
})

test('every weakness names a scenario and a check that are there', () => {
  expect(weaknesses.length).toBeGreaterThanOrEqual(8)
  for (const { value } of weaknesses) expect(scenarios).toContain(value.caughtBy.scenario)
})
