import { expect, test } from 'vitest'
import type { Plan } from '../plan/plan.ts'
import { target } from '../target.ts'
import { assertSafe, isLoopback } from './safety.ts'

const call = { turn: 1, role: 'write' as const, arguments: {}, thinkMs: 0 }

function planned({ calls = 1, seconds = 10 } = {}): Plan {
  return {
    endsAtMs: seconds * 1_000,
    roles: { write: { tool: 'create_task', sloMs: 500, needs: [], correct: [] } },
    agents: [{ parameters: {}, tasks: [{ task: 't1', atMs: 0, calls: Array.from({ length: calls }, () => call) }] }],
  } as unknown as Plan
}

const STAGING = 'https://staging.example.com/mcp'
const allowed = (safety: object) => target({ url: STAGING, safety: { hosts: ['staging.example.com'], writes: ['create_task'], ...safety } })

test.each(['http://127.0.0.1:1/mcp', 'http://127.8.8.8/mcp', 'http://localhost:3000', 'http://[::1]:3000/mcp'])(
  '%s is this machine',
  (url) => {
    expect(isLoopback(url)).toBe(true)
    expect(() => assertSafe(url, target({ url }), planned({ calls: 100_000 }))).not.toThrow()
  },
)

test.each(['https://staging.example.com/mcp', 'http://127.0.0.1.example.com/mcp', 'http://10.0.0.1/mcp', 'http://[::2]/'])(
  '%s is not',
  (url) => {
    expect(isLoopback(url)).toBe(false)
    expect(() => assertSafe(url, target({ url }), planned())).toThrow(
      expect.objectContaining({ code: 'HOST_NOT_ALLOWED', hint: expect.stringContaining('safety: { hosts:') }),
    )
  },
)

test('an address that is none is quoted', () => {
  expect(() => assertSafe('staging:3000', target({ url: 'staging:3000' }), planned())).toThrow(
    expect.objectContaining({ code: 'TARGET_INVALID' }),
  )
})

test('elsewhere, a tool that writes must be named', () => {
  expect(() => assertSafe(STAGING, allowed({ writes: [] }), planned())).toThrow(
    expect.objectContaining({ code: 'WRITE_NOT_ALLOWED', message: expect.stringContaining('create_task') }),
  )
  expect(() => assertSafe(STAGING, allowed({}), planned())).not.toThrow()
})

test.each([
  [{ calls: 21, seconds: 10 }, /21 calls in its busiest second; the cap is 20/],
  [{ calls: 5_001, seconds: 290 }, /5001 calls; the cap is 5000/],
  [{ calls: 10, seconds: 301 }, /301 seconds; the cap is 300/],
])('elsewhere, caps hold: %j', (size, message) => {
  expect(() => assertSafe(STAGING, allowed({}), planned(size))).toThrow(
    expect.objectContaining({ code: 'CAP_EXCEEDED', message: expect.stringMatching(message) }),
  )
})

test('elsewhere, a loop counts with all the calls that it may make', () => {
  const plan = planned({ seconds: 60 })
  const loop = { parameters: { callsMax: 20_000 }, tasks: [{ task: 't1', atMs: 0, untilMs: 1_000, calls: [call] }] }
  expect(() => assertSafe(STAGING, allowed({}), { ...plan, agents: [loop] } as unknown as Plan)).toThrow(
    expect.objectContaining({ code: 'CAP_EXCEEDED', message: expect.stringContaining('20000 calls') }),
  )
})

test('tries, walks and handshakes are counted as the tasks say themselves', () => {
  const plan = planned({ calls: 2 })
  const [agent] = plan.agents
  if (agent?.tasks[0]) agent.tasks[0].callsMax = 40
  expect(() => assertSafe(STAGING, allowed({ callsMax: 39 }), plan)).toThrow(
    expect.objectContaining({ code: 'CAP_EXCEEDED', message: 'the plan has 40 calls; the cap is 39' }),
  )
  expect(() => assertSafe(STAGING, allowed({ callsMax: 40 }), plan)).not.toThrow()
})
