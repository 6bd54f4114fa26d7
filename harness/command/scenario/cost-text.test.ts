import { expect, test } from 'vitest'
import type { Plan, PlannedAgent } from '../../plan/plan.ts'
import { target } from '../../target.ts'
import { costText } from './cost-text.ts'

const call = { turn: 1, role: 'write' as const, arguments: {}, thinkMs: 0 }
const agent = (rest: Partial<PlannedAgent>) => ({ parameters: {}, tasks: [], ...rest }) as PlannedAgent
const plan = {
  protocol: '2026-07-28',
  endsAtMs: 24_000,
  roles: { write: { tool: 'create_task' }, money: { tool: 'refund' } },
  faults: [{ fault: 'redis-refused' }, { fault: 'redis-refused' }],
  agents: [
    agent({ persona: 'steady', tasks: [{ task: 't1', atMs: 0, calls: [call] }] }),
    agent({
      persona: 'runaway-loop',
      parameters: { callsMax: 20_000 },
      tasks: [{ task: 't1', atMs: 10_000, untilMs: 18_000, calls: [call] }],
    }),
  ],
} as unknown as Plan

test('elsewhere: where to, at most how much against which caps, who is held back, what changes, what stops it', () => {
  const far = target({
    url: 'https://staging.example.com/mcp',
    safety: { hosts: ['staging.example.com'], writes: ['create_task', 'refund'] },
  })
  const text = costText(plan, far, {})
  expect(text).toMatch(/sent to +staging\.example\.com, named/)
  expect(text).toContain('154 calls (cap 5,000), 20 calls in its busiest second (cap 20), 2 agents (cap 50), 24 seconds (cap 300)')
  expect(text).toContain('holds 1 × runaway-loop to 17 calls a second each')
  expect(text).toContain('create_task (write), refund (money), named in safety.writes')
  expect(text).toMatch(/breaks +redis-refused\n/)
  expect(text).toContain('errorShare>0.5 for 10s · Ctrl-C')
})

test('here: no caps, and nothing stops it but its end and a person', () => {
  const text = costText({ ...plan, roles: {}, faults: [] }, target({ url: 'http://127.0.0.1:1/mcp' }), {})
  expect(text).toMatch(
    /sent to +this machine.*\n +at most +20,001 calls by 2 agents in 24 s\n +changes +nothing.*\n +breaks +nothing\n +stops by +Ctrl-C\n/,
  )
})
