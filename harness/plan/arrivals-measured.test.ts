import { expect, test } from 'vitest'
import { measuredArrivals } from './arrivals-measured.ts'
import type { Plan, PlannedAgent } from './plan.ts'

const call = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
const agent = (name: string, moments: number[], more: Partial<PlannedAgent> = {}): PlannedAgent => ({
  agent: name,
  index: 0,
  tenant: 't',
  persona: 'steady',
  parameters: {},
  hostile: false,
  tasks: moments.map((atMs, n) => ({ task: `t${n + 1}`, atMs, calls: [call] })),
  ...more,
})
const planOf = (...agents: PlannedAgent[]) =>
  ({
    phases: [
      { name: 'steady', fromMs: 0, toMs: 2_500 },
      { name: 'stress', fromMs: 2_500, toMs: 4_000 },
    ],
    agents,
  }) as Plan

test('all together, and each group of equal agents, beside what was asked', () => {
  const asked = { kind: 'salvos' as const, dispersion: 3 }
  const plan = planOf(
    agent('a', [0, 1_000, 2_000, 3_000]),
    agent('b', [500, 1_500, 2_500, 3_500]),
    agent('c', [0, 0, 0, 0], { persona: 'swarm', arrivals: asked }),
  )
  expect(measuredArrivals(plan)).toEqual({
    windowMs: 1_000,
    tasks: 12,
    dispersion: 1,
    groups: [
      { persona: 'steady', role: 'cheapRead', agents: 2, tasks: 8, dispersion: 0 },
      { persona: 'swarm', role: 'cheapRead', agents: 1, tasks: 4, dispersion: 2, asked },
    ],
  })
})

test('phases that follow each other are one stretch; those without a task are none', () => {
  const late = measuredArrivals(planOf(agent('a', [2_600, 2_700, 2_800])))
  expect(late).toMatchObject({ tasks: 3, dispersion: 0 })
})

test('loops have no arrivals, and without any there is no index', () => {
  const loop = agent('a', [0])
  loop.tasks = [{ task: 't1', atMs: 0, untilMs: 4_000, calls: [call] }]
  expect(measuredArrivals(planOf(loop))).toEqual({ windowMs: 1_000, tasks: 0, groups: [] })
})
