import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { observer } from './observer.ts'

const definition = observer.definition as unknown as PersonaDefinition

test('seldom, patient, and never again', async () => {
  const { engine } = await rehearse(definition, { endsAtMs: 20_000, reply: () => ({ afterMs: 45_000, status: 503 }) })
  expect(engine.sends).toHaveLength(10)
  expect(engine.sends.every(({ timeoutMs, attempt }) => timeoutMs === 60_000 && attempt === 1)).toBe(true)
  expect(engine.ends.every(({ status }) => status === 503)).toBe(true)
})

test('at quick scale it outlives the deadlines and still ends inside the window', () => {
  expect(observer.definition.parameters.timeoutMs).toMatchObject({ default: 60_000, quick: 6_000 })
})
