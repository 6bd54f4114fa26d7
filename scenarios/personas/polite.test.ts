import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { polite } from './polite.ts'

const definition = polite.definition as unknown as PersonaDefinition
const once = { everyMs: 60_000, jitterShare: 0 }
const told = (retryAfter: string) => ({ afterMs: 5, status: 429, headers: { 'retry-after': retryAfter } })

async function moments(parameters: Record<string, number>, reply: (n: number) => object) {
  const { engine } = await rehearse(definition, {
    endsAtMs: 60_000,
    parameters: { ...once, ...parameters },
    reply: (n) => ({ afterMs: 5, ...reply(n) }),
  })
  return engine.sends.map(({ sentAtMs }) => sentAtMs - (engine.sends[0]?.sentAtMs ?? 0))
}

test('without jitter it obeys to the letter: not a millisecond early', async () => {
  expect(await moments({}, (n) => (n < 2 ? told('4') : {}))).toEqual([0, 4_005, 8_010])
})

test('with jitter it comes a little later, never earlier', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 400_000,
    parameters: { everyMs: 20_000, tries: 2, jitterShare: 0.5 },
    reply: () => told('4'),
  })
  const waits = engine.sends
    .filter(({ attempt }) => attempt === 2)
    .map(({ sentAtMs }, n) => sentAtMs - (engine.ends[2 * n]?.endedAtMs ?? 0))
  expect(waits.length).toBeGreaterThan(15)
  for (const wait of waits) expect(wait >= 4_000 && wait <= 6_000).toBe(true)
  expect(new Set(waits.map(Math.round)).size).toBeGreaterThan(10)
})

test('where no wait was told it backs off, ever longer', async () => {
  expect(await moments({}, (n) => (n < 3 ? { transport: 'reset' } : {}))).toEqual([0, 1_005, 3_010, 7_015])
})

test('it gives up at the end of its budget, or of its tries', async () => {
  expect(await moments({ budgetMs: 9_000 }, () => told('4'))).toEqual([0, 4_005, 8_010])
  expect(await moments({ budgetMs: 3_000 }, () => told('4'))).toEqual([0])
  expect(await moments({ tries: 2 }, () => told('4'))).toHaveLength(2)
})

test('an error is an answer', async () => {
  expect(await moments({}, () => ({ status: 400 }))).toHaveLength(1)
})
