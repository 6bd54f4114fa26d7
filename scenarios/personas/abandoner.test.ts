import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { abandoner } from './abandoner.ts'

const definition = abandoner.definition as unknown as PersonaDefinition
const life = (parameters: Record<string, number>, afterMs = 900) =>
  rehearse(definition, { endsAtMs: 200_000, parameters: { everyMs: 1_000, ...parameters }, reply: () => ({ afterMs }) })

test('it drops its share of the calls midway, and never asks again', async () => {
  const { engine } = await life({ dropShare: 0.3, dropAfterMs: 250 })
  const dropped = engine.ends.filter(({ transport }) => transport === 'timeout')
  expect(engine.sends).toHaveLength(200)
  expect(dropped.length).toBeGreaterThan(40)
  expect(dropped.length).toBeLessThan(80)
  for (const { call, endedAtMs } of dropped) expect(endedAtMs - (engine.sends.find((send) => send.call === call)?.sentAtMs ?? 0)).toBe(250)
  expect(engine.sends.every(({ attempt, parent }) => attempt === 1 && parent === undefined)).toBe(true)
})

test('calls that are answered sooner are not dropped; nor is any without a share', async () => {
  expect((await life({ dropShare: 1, dropAfterMs: 250 }, 100)).engine.ends.every(({ status }) => status === 200)).toBe(true)
  expect((await life({ dropShare: 0 })).engine.ends.every(({ status }) => status === 200)).toBe(true)
})

test('the same calls are dropped in every run of the plan', async () => {
  const dropped = async () => (await life({})).engine.ends.flatMap(({ call, transport }) => (transport ? call : []))
  expect(await dropped()).toEqual(await dropped())
})
