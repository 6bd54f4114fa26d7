import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { bursty } from './bursty.ts'

const definition = bursty.definition as unknown as PersonaDefinition

test('the calls of a turn leave together, 3 to 10 of them', async () => {
  const { engine } = await rehearse(definition, { endsAtMs: 60_000, parameters: { everyMs: 2_000 } })
  const turns = Map.groupBy(engine.sends, ({ task, turn }) => `${task} ${turn}`)
  expect(turns.size).toBeGreaterThan(30)
  const sizes = [...turns.values()].map((calls) => calls.length)
  expect(Math.min(...sizes)).toBe(3)
  expect(Math.max(...sizes)).toBe(10)
  for (const calls of turns.values()) expect(new Set(calls.map(({ sentAtMs }) => sentAtMs)).size).toBe(1)
})

test('a turn begins its think time after the slowest answer of the turn before', async () => {
  const { engine, planned } = await rehearse(definition, { endsAtMs: 60_000, reply: (n) => ({ afterMs: 20 + (n % 7) * 40 }) })
  const ends = new Map(engine.ends.map(({ call, endedAtMs }) => [call, endedAtMs]))
  const later = engine.sends.filter(({ turn }) => turn > 1)
  expect(later.length).toBeGreaterThan(20)
  for (const { task, turn, sentAtMs, plannedAtMs } of later) {
    const before = engine.sends.filter((other) => other.task === task && other.turn === turn - 1)
    const thinkMs = planned.tasks.find((one) => one.task === task)?.calls.find((call) => call.turn === turn)?.thinkMs ?? Number.NaN
    expect(plannedAtMs).toBe(Math.max(...before.map(({ call }) => ends.get(call) ?? 0)) + thinkMs)
    expect(sentAtMs).toBe(plannedAtMs)
  }
})

test('nothing is planned that could not begin before the end', () => {
  const draw = { arrivals: () => [900], int: (_from: number, to: number) => to, logNormal: () => 150 }
  const parameters = { everyMs: 1_000, turnsMax: 3, fanOutFrom: 2, fanOutTo: 2, thinkMs: 150 }
  const [task] = bursty.definition.tasks(draw as never, parameters, { fromMs: 0, toMs: 1_100 })
  expect(task?.calls.map(({ turn }) => turn)).toEqual([1, 1, 2, 2])
})

test('its tasks are bursty, not regular: the gaps vary as much as they are long', async () => {
  const { planned } = await rehearse(definition, { endsAtMs: 600_000, parameters: { everyMs: 1_000 } })
  const gaps = planned.tasks.slice(1).map(({ atMs }, n) => atMs - (planned.tasks[n]?.atMs ?? 0))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
  expect(deviation / mean).toBeGreaterThan(0.8)
})
