import { expect, test } from 'vitest'
import { standingClock } from '../fixtures/call.ts'
import type { Admission, Budgets, Rate } from '../store/limiter.ts'
import { knownRefusals } from './known-refusals.ts'

const rate: Rate = { scope: 'agent', key: 'a', perMinute: 60, burst: 10 }
const hour = { scope: 'agent' as const, name: 'agent-hour', key: 'h', limit: 1_000, windowMs: 3_600_000 }
const budgets: Budgets = { rates: [rate], windows: [hour] }
const spent: Admission = {
  refusedBy: { scope: 'agent', limit: 60, windowMs: 60_000 },
  waitMs: 1_000,
  standings: [{ rate, remaining: 0, resetMs: 10_000 }],
}

function remembering(verdict: Admission, of = budgets) {
  const clock = standingClock()
  const known = knownRefusals(clock)
  known.remember(of, verdict)
  return { clock, known }
}

test('a spent budget stays spent until its wait is over, and the wait shrinks meanwhile', () => {
  const { clock, known } = remembering(spent)
  clock.advance(400)
  expect(known.find(budgets)).toMatchObject({ refusedBy: spent.refusedBy, waitMs: 600, standings: [{ remaining: 0, resetMs: 9_600 }] })
  clock.advance(599.5)
  expect(known.find(budgets)?.waitMs).toBe(1)
  clock.advance(0.5)
  expect(known.find(budgets)).toBeUndefined()
})

test('an hour is remembered as well, for as long as it is that hour', () => {
  const { known } = remembering({ ...spent, refusedBy: { scope: 'agent', limit: 1_000, windowMs: 3_600_000 } })
  expect(known.find(budgets)?.refusedBy?.windowMs).toBe(3_600_000)
  expect(known.find({ ...budgets, windows: [{ ...hour, limit: 2_000 }] })).toBeUndefined()
})

test('a long wait is believed for 15 s: then somebody may have given the budget back', () => {
  const { clock, known } = remembering({ ...spent, waitMs: 600_000 })
  clock.advance(14_999)
  expect(known.find(budgets)?.waitMs).toBe(585_001)
  clock.advance(1)
  expect(known.find(budgets)).toBeUndefined()
})

test.each<[string, Budgets]>([
  ['another agent', { rates: [{ ...rate, key: 'b' }] }],
  ['limits that were changed', { rates: [{ ...rate, perMinute: 120 }] }],
  ['a burst that was changed', { rates: [{ ...rate, burst: 20 }] }],
  ['a write that may be a replay', { ...budgets, replay: { marker: 'm', rate: { ...rate, key: 'r' } } }],
])('Redis is asked for %s', (_, asked) => {
  expect(remembering(spent).known.find(asked)).toBeUndefined()
})

test.each<[string, Admission, Budgets?]>([
  ['an admission', { waitMs: 0, standings: [] }],
  ['calls at once', { ...spent, refusedBy: { scope: 'concurrency', limit: 5, windowMs: 0 } }],
  ["a tenant's budget", { ...spent, refusedBy: { scope: 'tenant', limit: 60, windowMs: 60_000 } }],
  ['a budget that others share', spent, { rates: [{ ...rate, shared: true }] }],
  ['a wait that is nearly over', { ...spent, waitMs: 10 }],
])('%s is not remembered', (_, verdict, of) => {
  expect(remembering(verdict, of).known.find(of ?? budgets)).toBeUndefined()
})

test('at most 10,000 agents: the first of them give way', () => {
  const known = knownRefusals(standingClock())
  const of = (i: number): Budgets => ({ rates: [{ ...rate, key: `agent-${i}` }] })
  for (let i = 0; i < 10_001; i++) known.remember(of(i), spent)
  expect([known.find(of(0)), known.find(of(10_000))?.waitMs]).toEqual([undefined, 1_000])
})
