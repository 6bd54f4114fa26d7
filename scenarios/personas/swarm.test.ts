import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { createDraw } from '../../harness/plan/draw.ts'
import { swarm } from './swarm.ts'

const definition = swarm.definition as unknown as PersonaDefinition
const defaults = { waveEveryMs: 0, spreadMs: 1_000, turnsFrom: 1, turnsTo: 3, thinkMs: 100 }
const starts = (parameters: object, agents = 50) =>
  Array.from({ length: agents }, (_, n) =>
    swarm.definition.tasks(createDraw(n), { ...defaults, ...parameters }, { fromMs: 5_000, toMs: 20_000 }).map(({ atMs }) => atMs),
  )

test('all begin within the spread of the span’s start; with none, in one moment', () => {
  const all = starts({ spreadMs: 1_000 }).flat()
  expect(all).toHaveLength(50)
  expect(all.every((at) => at >= 5_000 && at <= 6_000)).toBe(true)
  expect(new Set(all).size).toBeGreaterThan(30)
  expect(new Set(starts({ spreadMs: 0 }).flat())).toEqual(new Set([5_000]))
})

test('waves come again, and nothing begins after the span', () => {
  expect(new Set(starts({ spreadMs: 0, waveEveryMs: 6_000 }).flat())).toEqual(new Set([5_000, 11_000, 17_000]))
  expect(Math.max(...starts({ spreadMs: 600_000 }).flat())).toBe(19_999)
})

test('each makes a few turns, one call each, with a pause between', async () => {
  const { engine } = await rehearse(definition, { endsAtMs: 30_000, parameters: { turnsFrom: 3, turnsTo: 3, spreadMs: 0 } })
  expect(engine.sends.map(({ turn }) => turn)).toEqual([1, 2, 3])
  expect(engine.sends[1]?.sentAtMs).toBeGreaterThan(300)
})
