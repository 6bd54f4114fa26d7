import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { steady } from './steady.ts'

const definition = steady.definition as unknown as PersonaDefinition

test('one call a task, at its pace, never further off than its jitter', async () => {
  const { engine, planned } = await rehearse(definition, { endsAtMs: 20_000, parameters: { everyMs: 500, jitterShare: 0.1 } })
  expect(engine.sends).toHaveLength(planned.tasks.length)
  expect(planned.tasks.length).toBe(40)
  const gaps = engine.sends.slice(1).map(({ sentAtMs }, n) => sentAtMs - (engine.sends[n]?.sentAtMs ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(400)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(600)
  expect(new Set(gaps).size).toBeGreaterThan(5)
})

test('without jitter it keeps time exactly', async () => {
  const { planned } = await rehearse(definition, { endsAtMs: 5_000, parameters: { everyMs: 250, jitterShare: 0 } })
  for (const [n, { atMs }] of planned.tasks.entries()) expect(atMs - (planned.tasks[0]?.atMs ?? 0)).toBe(n * 250)
})

test('a slow answer does not hold up the next task, and nothing is asked again', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 5_000,
    parameters: { everyMs: 500 },
    reply: () => ({ afterMs: 3_000, status: 503 }),
  })
  for (const { sentAtMs, plannedAtMs, attempt } of engine.sends) expect([sentAtMs, attempt]).toEqual([plannedAtMs, 1])
  expect(engine.ends).toHaveLength(engine.sends.length)
})

test('agents with other seeds do not march in step', async () => {
  const starts = await Promise.all(
    [1, 2, 3, 4].map(async (seed) => (await rehearse(definition, { endsAtMs: 2_000, seed })).planned.tasks[0]?.atMs),
  )
  expect(new Set(starts).size).toBe(4)
})
