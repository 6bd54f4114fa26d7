import { expect, test } from 'vitest'
import { peakConcurrency } from './peak.ts'
import type { Plan, PlannedAgent } from './plan.ts'
import { describePlan, planHash, planText } from './text.ts'

const call = (turn: number, thinkMs: number) => ({ turn, thinkMs, role: 'cheapRead' as const, arguments: {} })

function agent(id: string, more: Partial<PlannedAgent>): PlannedAgent {
  return { agent: `${id}-01`, index: 0, tenant: 't', persona: id, parameters: {}, hostile: false, tasks: [], ...more }
}

const plan: Plan = {
  schemaVersion: 1,
  scenario: 'made-up',
  target: 'here',
  seed: 42,
  scale: 'quick',
  protocol: '2026-07-28',
  phases: [
    { name: 'steady', fromMs: 0, toMs: 2_000 },
    { name: 'stress', window: 'stress', fromMs: 2_000, toMs: 4_000 },
  ],
  faults: [{ window: 'stress', fault: 'postgres-latency', parameters: { delayMs: 300 }, injectAtMs: 2_000, healAtMs: 4_000 }],
  links: {},
  settings: {},
  roles: { cheapRead: { tool: 'list', sloMs: 500, needs: [], correct: [] } },
  agents: [
    agent('fan', { tasks: [{ task: 't1', atMs: 0, calls: [call(1, 0), call(1, 0), call(1, 0), call(2, 100)] }] }),
    agent('steady', { tasks: [{ task: 't1', atMs: 400, calls: [call(1, 0)] }] }),
    agent('loop', {
      parameters: { atOnce: 20, callsMax: 900 },
      hostile: true,
      tasks: [{ task: 't1', atMs: 2_000, untilMs: 4_000, calls: [call(1, 0)] }],
    }),
  ],
  checks: [{ check: 'fairness', limits: {} }],
  essential: ['fairness'],
  endsAtMs: 4_000,
  patienceMs: 6_000,
}

test('the text does not depend on the order in which fields were set', () => {
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as unknown as Plan
  expect(planText(turned)).toBe(planText(plan))
  expect(JSON.parse(planText(plan))).toEqual(plan)
  expect(planText(plan).endsWith('}\n')).toBe(true)
  expect(planHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('the peak counts what overlaps when each answer takes its whole SLO, and loops as many as run at once', () => {
  // Three of the fan-out and one of steady until 500; later 20 loops.
  expect(peakConcurrency({ ...plan, agents: plan.agents.slice(0, 2) })).toEqual({ cheapRead: 4 })
  expect(peakConcurrency(plan)).toEqual({ cheapRead: 20 })
})

test('in words: who calls what, how often, which faults when, how much at once', () => {
  const words = describePlan(plan)
  expect(words).toContain('made-up against here, quick scale, seed 42: 4 s')
  expect(words).toContain(planHash(planText(plan)))
  expect(words).toMatch(/1 × fan +cheapRead \(list\) +4 calls in 1 task: steady 2\.0\/s, stress 0\.0\/s/)
  expect(words).toMatch(/1 × loop +cheapRead \(list\) +loops 2–4 s: 20 at once, as fast as it is answered, at most 900 calls each/)
  expect(words).toMatch(/postgres-latency +2–4 s, window stress \(delayMs 300\)/)
  expect(words).toMatch(/cheapRead \(list\) +20$/m)
  expect(words).toContain('fairness (essential)')
  expect(describePlan({ ...plan, leftOut: ['nobody called write'] })).toMatch(/^ {2}nobody called write$/m)
})
