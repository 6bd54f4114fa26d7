import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { impatient } from './impatient.ts'

const definition = impatient.definition as unknown as PersonaDefinition
const once = { everyMs: 5_000, timeoutMs: 400, tries: 3, pauseMs: 100 }

test('what it has not heard of it asks again, with the same key, so many times', async () => {
  const { engine, planned } = await rehearse(definition, { endsAtMs: 5_000, parameters: once, reply: () => ({ afterMs: 900 }) })
  const start = planned.tasks[0]?.atMs ?? Number.NaN
  expect(engine.sends.map(({ attempt, sentAtMs, timeoutMs }) => [attempt, sentAtMs - start, timeoutMs])).toEqual([
    [1, 0, 400],
    [2, 500, 400],
    [3, 1_000, 400],
  ])
  expect(new Set(engine.sends.map(({ key }) => key)).size).toBe(1)
  expect(new Set(engine.sends.map(({ call }) => call)).size).toBe(3)
  expect(engine.sends.map(({ parent }) => parent)).toEqual([undefined, engine.sends[0]?.call, engine.sends[1]?.call])
})

test.each([
  ['a reset', { afterMs: 10, transport: 'reset' as const }, 2],
  ['a cut answer', { afterMs: 10, transport: 'cut' as const }, 2],
  ['a refused connection: it did not happen', { afterMs: 10, transport: 'refused' as const }, 1],
  ['a refusal: that is an answer', { afterMs: 10, status: 429 }, 1],
  ['a failure: that is an answer', { afterMs: 10, status: 500 }, 1],
])('after %s', async (_, first, calls) => {
  const { engine } = await rehearse(definition, { endsAtMs: 5_000, parameters: once, reply: (n) => (n === 0 ? first : { afterMs: 10 }) })
  expect(engine.sends).toHaveLength(calls)
})

test('tasks come at its pace, each with a key of its own', async () => {
  const { engine } = await rehearse(definition, { endsAtMs: 10_000, parameters: { everyMs: 500 } })
  expect(engine.sends).toHaveLength(20)
  expect(new Set(engine.sends.map(({ key }) => key)).size).toBe(20)
})

test('a share of what it heard of it asks again too, once, with the same key', async () => {
  const sent = async (recheckShare: number) => {
    const parameters = { everyMs: 500, pauseMs: 0, recheckShare }
    const { engine } = await rehearse(definition, { endsAtMs: 20_000, parameters, reply: () => ({ afterMs: 10 }) })
    return engine.sends
  }
  expect(await sent(0)).toHaveLength(40)
  const always = await sent(1)
  expect(always).toHaveLength(80)
  expect(new Set(always.map(({ key }) => key)).size).toBe(40)
  const some = (await sent(0.2)).filter(({ attempt }) => attempt === 2)
  expect(some.length).toBeGreaterThan(0)
  expect(some.length).toBeLessThan(20)
})

test('a share of it leaves twice at the same moment, under one key', async () => {
  const parameters = { everyMs: 500, twiceShare: 0.3 }
  const { engine, planned } = await rehearse(definition, { endsAtMs: 20_000, parameters, reply: () => ({ afterMs: 10 }) })
  const byKey = [...Map.groupBy(engine.sends, ({ key }) => key).values()]
  expect(byKey).toHaveLength(40)
  const twice = byKey.filter(({ length }) => length === 2)
  expect(twice.length).toBeGreaterThan(4)
  expect(twice.length).toBeLessThan(20)
  for (const [one, other] of twice) expect(other?.sentAtMs).toBe(one?.sentAtMs)
  expect(planned.tasks[0]?.callsMax).toBe(4)
})

test('a share of its keys comes once more with other arguments, after an ok', async () => {
  const sent = async (status: number) => {
    const parameters = { everyMs: 500, pauseMs: 0, alteredShare: 0.3 }
    const { engine } = await rehearse(definition, { endsAtMs: 20_000, parameters, reply: () => ({ afterMs: 10, status }) })
    return engine.sends
  }
  const served = await sent(200)
  const altered = served.filter((line) => line.altered)
  expect(altered.length).toBeGreaterThan(4)
  expect(altered.length).toBeLessThan(20)
  expect(served).toHaveLength(40 + altered.length)
  expect(new Set(served.map(({ key }) => key)).size).toBe(40)
  expect((await sent(429)).filter((line) => line.altered)).toEqual([])
})

test('what is changed lies as deep as it must; where nothing can be changed, nothing is sent', async () => {
  const altered = async (given: Record<string, unknown>) => {
    const parameters = { everyMs: 500, pauseMs: 0, alteredShare: 1 }
    const { engine } = await rehearse(definition, { endsAtMs: 1_000, parameters, given, reply: () => ({ afterMs: 10 }) })
    const bodies = engine.sends.flatMap(({ altered: is }, n) => (is ? [JSON.parse(engine.requests[n]?.body ?? '{}')] : []))
    return bodies.map(({ params }) => params.arguments)[0]
  }
  expect(await altered({ paid: true, lines: [{ memo: 'a' }, { cents: 5 }] })).toMatchObject({ lines: [{ memo: 'ax' }, { cents: 5 }] })
  expect(await altered({ memo: 'a', order: { cents: 5 } })).toMatchObject({ memo: 'ax', order: { cents: 5 } })
  expect(await altered({ paid: true })).toBeUndefined()
})
