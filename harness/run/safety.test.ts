import { expect, test } from 'vitest'
import type { Plan } from '../plan/plan.ts'
import { target } from '../target.ts'
import { callsHalt } from './halt-watches.ts'
import { assertNamedAll, assertSafe, heldBack, isLoopback } from './safety.ts'

const call = { turn: 1, role: 'write' as const, arguments: {}, thinkMs: 0 }

function planned({ calls = 1, seconds = 10 } = {}): Plan {
  return {
    protocol: '2026-07-28',
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
  [{ calls: 21, seconds: 10 }, /21 calls in its busiest second; the cap is 18 \(20, less a tenth/],
  [{ calls: 5_001, seconds: 290 }, /5001 calls; the cap is 5000/],
  [{ calls: 10, seconds: 301 }, /301 seconds; the cap is 300/],
])('elsewhere, caps hold: %j', (size, message) => {
  expect(() => assertSafe(STAGING, allowed({}), planned(size))).toThrow(
    expect.objectContaining({ code: 'CAP_EXCEEDED', message: expect.stringMatching(message) }),
  )
})

test('elsewhere, a loop counts with all the calls that the cap lets it make', () => {
  const looping = (seconds: number) => {
    const loop = { parameters: { callsMax: 20_000 }, tasks: [{ task: 't1', atMs: 0, untilMs: seconds * 1_000, calls: [call] }] }
    return { ...planned({ seconds }), agents: [loop] } as unknown as Plan
  }
  expect(() => assertSafe(STAGING, allowed({}), looping(60))).not.toThrow()
  expect(() => assertSafe(STAGING, allowed({}), looping(290))).toThrow(
    expect.objectContaining({ code: 'CAP_EXCEEDED', message: expect.stringContaining('5238 calls') }),
  )
})

test('money is named like a write, and a cap that is raised is what holds', () => {
  const refund = { ...planned(), roles: { money: { tool: 'refund', sloMs: 1, needs: [], correct: [] } } } as unknown as Plan
  expect(() => assertSafe(STAGING, allowed({}), refund)).toThrow(expect.objectContaining({ code: 'WRITE_NOT_ALLOWED' }))
  expect(() => assertSafe(STAGING, allowed({ writes: ['refund'] }), refund)).not.toThrow()
  expect(() => assertSafe(STAGING, allowed({ ratePerSecondMax: 100 }), planned({ calls: 90 }))).not.toThrow()
  expect(heldBack(STAGING, allowed({}), planned())).toMatchObject({ ratePerSecond: 18 })
  expect(heldBack('http://127.0.0.1:1/mcp', allowed({}), planned())).toBeUndefined()
})

test('whatever else the target names must be named as a host too', () => {
  const near = ['127.0.0.1:5432', 'http://localhost:9090/metrics', 'postgres://me@[::1]/x', '']
  expect(() => assertNamedAll(near, allowed({}))).not.toThrow()
  expect(() => assertNamedAll(['staging.example.com:5432'], allowed({}))).not.toThrow()
  for (const far of ['db.example.com:5432', 'postgres://me:pw@db.example.com/x', 'http://10.0.0.1/metrics'])
    expect(() => assertNamedAll([far], allowed({}))).toThrow(expect.objectContaining({ code: 'HOST_NOT_ALLOWED' }))
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

test('a plan that fits its cap is not halted by it; one that has less is, a second before', () => {
  const plan = planned({ calls: 40, seconds: 60 })
  expect(callsHalt(plan, allowed({ callsMax: 40 }))).toEqual({ max: 40, endAfter: 40 })
  expect(callsHalt(plan, allowed({ callsMax: 50 }))).toEqual({ max: 50, endAfter: 40 })
  expect(callsHalt(plan, allowed({ callsMax: 500 }))).toEqual({ max: 500, endAfter: 480 })
})
