import { expect, test } from 'vitest'
import { allowances, callsAtMost, fullest, plannedRate } from './at-most.ts'
import type { Plan, PlannedAgent, PlannedTask } from './plan.ts'

const call = (turn = 1, thinkMs = 0) => ({ turn, role: 'cheapRead' as const, arguments: {}, thinkMs })
const task = (atMs: number, rest: Partial<PlannedTask> = {}): PlannedTask => ({ task: 't', atMs, calls: [call()], ...rest })
const agent = (tasks: PlannedTask[], parameters = {}) => ({ tasks, parameters }) as PlannedAgent
const plan = (agents: PlannedAgent[], protocol: Plan['protocol'] = '2026-07-28') => ({ agents, protocol }) as Plan

const NOW = '2026-07-28'
const loop = agent([task(0, { untilMs: 8_000 })], { callsMax: 20_000, atOnce: 30, pauseMs: 50 })
const walk = agent([task(0, { callsMax: 50 })])

test.each([
  ['planned ones', agent([task(0), task(5)]), 2],
  ['tries of the parameters', agent([task(0), task(5)], { tries: 3 }), 6],
  ['a walk to its end, in each of its tasks', agent([task(0, { callsMax: 50 }), task(5, { callsMax: 50 })]), 100],
  ['a loop to its end, in each of its windows', agent([task(0, { untilMs: 9 }), task(20, { untilMs: 29 })], { callsMax: 1_000 }), 2_000],
  ['a loop beside planned calls', agent([task(0, { untilMs: 9 }), task(20)], { callsMax: 1_000 }), 1_001],
  ['a loop that says no end', agent([task(0, { untilMs: 9 })]), Number.POSITIVE_INFINITY],
])('in all: %s', (_, one, calls) => {
  expect(callsAtMost(one, NOW)).toBe(calls)
})

test('in the eras of sessions each call may take another message, and the session two', () => {
  expect(callsAtMost(agent([task(0), task(5)]), '2025-11-25')).toBe(6)
})

test('the fullest second is looked for in every window, not in whole seconds', () => {
  expect(fullest([100, 900, 1_050, 1_099, 1_100])).toBe(4)
  expect(fullest([])).toBe(0)
})

test('who leaves as planned needs no allowance; whose calls hang on answers gets what is left', () => {
  const steady = agent([0, 500, 1_000].map((atMs) => task(atMs)))
  expect(allowances(plan([steady, loop, walk]), 20)).toEqual({ ratePerSecond: 18, perAgent: [undefined, 9 - 1, 9 - 1] })
  expect(allowances(plan([steady]), 20)).toEqual({ ratePerSecond: 18, perAgent: [undefined] })
})

test('later turns, tries and sessions hang on answers too', () => {
  const turns = agent([task(0, { calls: [call(), call(2, 100)] })])
  const tries = agent([task(0)], { tries: 2 })
  expect(allowances(plan([turns, tries]), 10)?.perAgent).toEqual([5, 4])
  expect(allowances(plan([agent([task(0)])], '2025-11-25'), 10)?.perAgent).toEqual([9])
})

test('a plan that asks for more than the cap by itself has none, and says how much it asks for', () => {
  const busy = agent(Array.from({ length: 19 }, (_, n) => task(n * 10)))
  expect(allowances(plan([busy]), 20)).toBeUndefined()
  expect(plannedRate(plan([busy, loop]))).toBe(20)
})

test('all allowances and planned moments together stay below the cap', () => {
  for (const cap of [1, 5, 20, 100]) {
    const many = plan([...Array.from({ length: 3 }, () => loop), agent([task(0), task(1)])])
    const given = allowances(many, cap)
    if (!given) continue
    const sum = given.perAgent.reduce<number>((all, one) => all + (one ?? 0), 0)
    expect(sum + 2).toBeLessThanOrEqual(cap)
  }
})
