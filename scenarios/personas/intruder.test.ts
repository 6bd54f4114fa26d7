import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { intruder } from './intruder.ts'

const definition = intruder.definition as unknown as PersonaDefinition
const life = (tries: string, reply?: () => { afterMs: number; status: number }) =>
  rehearse(definition, { endsAtMs: 8_000, parameters: { everyMs: 1_000, tries }, ...(reply && { reply }) })

test('the four credentials in turn, each on its line', async () => {
  const { engine } = await life('all')
  const four = ['wrong-scope', 'wrong-tenant', 'expired', 'malformed']
  expect(engine.sends.map(({ credential }) => credential)).toEqual([...four, ...four])
})

test('one of them: its headers replace the agent’s own', async () => {
  const { engine } = await life('expired')
  expect(new Set(engine.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(['old']))
  expect(engine.sends).toHaveLength(8)
})

test('of several the next one with each call', async () => {
  const { engine } = await life('unknown-key')
  expect(engine.requests.slice(0, 3).map(({ headers }) => headers.authorization)).toEqual(['forged-1', 'forged-2', 'forged-1'])
  expect(engine.sends.every(({ credential }) => credential === 'unknown-key')).toBe(true)
})

test('a credential that was not minted is no way in by the agent’s own', async () => {
  const { engine } = await life('wrong-scope')
  expect(engine.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true)
})

test('another payload under the key of a call that was answered', async () => {
  const { engine } = await life('altered-payload')
  expect(engine.sends.slice(0, 2).map(({ attempt, altered, credential }) => [attempt, altered, credential])).toEqual([
    [1, undefined, undefined],
    [2, true, undefined],
  ])
  expect(engine.sends[1]?.key).toBe(engine.sends[0]?.key)
  const [first, second] = engine.requests.map(({ body }) => JSON.parse(body).params.arguments as { n: number })
  expect([first?.n, second?.n]).toEqual([0, 1])
  expect(engine.requests.every(({ headers }) => headers.authorization === 'own')).toBe(true)
  expect((await life('altered-payload', () => ({ afterMs: 5, status: 429 }))).engine.sends.every(({ attempt }) => attempt === 1)).toBe(true)
})

test('the same payload is no other one', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 8_000,
    parameters: { everyMs: 1_000, tries: 'altered-payload' },
    given: { n: 1 },
  })
  expect(engine.sends.some(({ altered }) => altered)).toBe(false)
})
