import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { runawayLoop } from './runaway-loop.ts'

const definition = runawayLoop.definition as unknown as PersonaDefinition

test('each loop sends its next call a pause after its answer, whatever the answer was', async () => {
  const reply = (n: number) => (n % 2 === 0 ? { afterMs: 30, status: 429 } : { afterMs: 30, transport: 'reset' as const })
  const { engine } = await rehearse(definition, { endsAtMs: 1_000, parameters: { atOnce: 1, pauseMs: 70 }, reply })
  expect(engine.sends.map(({ sentAtMs }) => sentAtMs)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900])
  expect(engine.sends.every(({ attempt, parent }) => attempt === 1 && parent === undefined)).toBe(true)
})

test('it keeps so many calls under way at once, and no more', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 2_000,
    parameters: { atOnce: 20, pauseMs: 0 },
    reply: (n) => ({ afterMs: 40 + (n % 3) }),
  })
  const steps = [...engine.sends.map(({ sentAtMs }) => [sentAtMs, 1]), ...engine.ends.map(({ endedAtMs }) => [endedAtMs, -1])] as [
    number,
    number,
  ][]
  let now = 0
  let peak = 0
  for (const [, by] of steps.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    now += by
    peak = Math.max(peak, now)
  }
  expect(peak).toBe(20)
})

test('it ends: at its moment, or after so many calls', async () => {
  const { engine: byMoment } = await rehearse(definition, { endsAtMs: 500, parameters: { pauseMs: 50 } })
  expect(Math.max(...byMoment.sends.map(({ sentAtMs }) => sentAtMs))).toBeLessThan(500)
  const { engine: byCount } = await rehearse(definition, { endsAtMs: 60_000, parameters: { atOnce: 7, callsMax: 25 } })
  expect(byCount.sends).toHaveLength(25)
})

test('the same arguments, or each call a little different', async () => {
  const seen = async (vary: string) => {
    const { engine } = await rehearse(definition, { endsAtMs: 60_000, parameters: { vary, atOnce: 5, callsMax: 300 } })
    return new Set(engine.requests.map(({ body }) => JSON.parse(body).params.arguments.n)).size
  }
  expect(await seen('same')).toBe(1)
  expect(await seen('arguments')).toBe(277)
})

test('every write is meant anew: no two calls share a key', async () => {
  const { engine } = await rehearse(definition, { endsAtMs: 60_000, parameters: { callsMax: 40 } })
  expect(new Set(engine.sends.map(({ key }) => key)).size).toBe(40)
})
