import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { sessionChurner } from './session-churner.ts'

const definition = sessionChurner.definition as unknown as PersonaDefinition

test('each task begins a session, with calls of a role of their own, and then calls in it', async () => {
  const { engine, planned } = await rehearse(definition, { endsAtMs: 10_000, parameters: { everyMs: 1_000, calls: 2 } })
  const tasks = [...Map.groupBy(engine.sends, ({ task }) => task).values()]
  expect(tasks).toHaveLength(10)
  for (const sends of tasks) {
    expect(sends.slice(-2).map(({ role }) => role)).toEqual(['write', 'write'])
    expect(sends.slice(0, -2).every(({ role, turn }) => role === 'handshake' && turn === 0)).toBe(true)
    expect(sends.length).toBeGreaterThan(2)
    expect(sends.length).toBeLessThanOrEqual(planned.tasks[0]?.callsMax ?? 0)
  }
  expect(engine.ends).toHaveLength(engine.sends.length)
})

test('a session that does not open ends the task', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 1_000,
    parameters: { everyMs: 1_000 },
    reply: () => ({ afterMs: 5, status: 503 }),
  })
  expect(engine.sends.map(({ role }) => role)).toEqual(['handshake'])
})
