import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { createDraw } from '../../harness/plan/draw.ts'
import { guesser } from './guesser.ts'

const definition = guesser.definition as unknown as PersonaDefinition

test('about the share asked for is mistaken, and it is the stress', () => {
  const tasks = definition.tasks(createDraw(3), { everyMs: 20, mistakenShare: 0.2 }, { fromMs: 0, toMs: 40_000 })
  const mistaken = tasks.filter(({ calls }) => calls[0]?.mistaken).length
  expect(mistaken / tasks.length).toBeGreaterThan(0.16)
  expect(mistaken / tasks.length).toBeLessThan(0.24)
  expect(definition.hostile).toBe(true)
})

test('it takes the answer as it is', async () => {
  const { engine, planned } = await rehearse(definition, {
    endsAtMs: 4_000,
    parameters: { everyMs: 500, mistakenShare: 0 },
    reply: () => ({ afterMs: 10, status: 503 }),
  })
  expect(engine.sends).toHaveLength(planned.tasks.length)
})
