// The arithmetic in memory, whom a call is charged to, and the mode without Redis. The script in Redis: failures.integration.test.ts
// and store/limiter.timed.integration.test.ts.
import { describe, expect, test } from 'vitest'
import type { Identity } from '../call.ts'
import { settingsFrom } from '../config.ts'
import { codeOf, identity, rest, running, sampleCall, standingClock } from '../fixtures/call.ts'
import { createMetrics } from '../metrics.ts'
import type { Budgets } from '../store/limiter.ts'
import { LocalLimiter } from '../store/local-limiter.ts'
import { createInvoice } from '../tools/create-invoice.ts'
import { listTables } from '../tools/list-tables.ts'
import { runQuery } from '../tools/run-query.ts'
import type { Tool } from '../tools/tool.ts'
import { createTypical } from '../typical.ts'
import { admission } from './admission.ts'
import { countingBreaker } from './breaker.ts'
import { agentBudgets, limitsOf } from './budgets.ts'
import type { Next } from './control.ts'
import { bindingQuota } from './quota-headers.ts'
import { readsFromMemory } from './without-redis.ts'

const settings = settingsFrom({
  DATABASE_URL: 'postgres://app@127.0.0.1/x',
  DATABASE_ADMIN_URL: 'postgres://app@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
})

describe('whom a call is charged to', () => {
  test('a cheap read or a write: the agent; an expensive read: also the agent on that tool', () => {
    const own = (tool: Tool) => agentBudgets(sampleCall({ tool }), settings, 0).rates.filter(({ shared }) => !shared)
    expect(own(listTables).map(({ key }) => key)).toEqual(['desk:{t0:agent-0}:rate'])
    expect(own(runQuery).map(({ scope, key }) => [scope, key])).toEqual([
      ['agent', 'desk:{t0:agent-0}:rate'],
      ['tool', 'desk:{t0:agent-0}:tool:run_query'],
    ])
    expect(own(createInvoice).map(({ scope }) => scope)).toEqual(['agent'])
  })

  test('every call also: its tenant, the tool over all agents, the hour, the day', () => {
    const { rates, windows, leases } = agentBudgets(sampleCall(), settings, 0)
    const shared = rates.filter((rate) => rate.shared)
    expect(shared.map(({ scope, key }) => [scope, key])).toEqual([
      ['tenant', 'desk:{t0}:rate'],
      ['tool', 'desk:tool:list_tables:rate'],
    ])
    expect(windows?.map(({ name, limit, windowMs }) => [name, limit, windowMs])).toEqual([
      ['agent-hour', 1_000, 3_600_000],
      ['agent-day', 10_000, 86_400_000],
    ])
    expect(leases?.map(({ of, key, limit }) => [of, key, limit])).toEqual([
      ['agent', 'desk:{t0:agent-0}:lease', 5],
      ['tool', 'desk:tool:list_tables:lease', 500],
    ])
  })

  test("a tier's rates are the settings times its factor; an agent's own limits go before them", () => {
    const of = (more: Partial<Identity>) => limitsOf({ ...identity, ...more }, settings)
    expect(of({ tier: 'free' })).toMatchObject({ ratePerMinute: 30, burst: 5, ratePerHour: 500, concurrency: 3, toolRatePerMinute: 5 })
    expect(of({ tier: 'enterprise' })).toMatchObject({ ratePerMinute: 300, ratePerDay: 50_000, concurrency: 25 })
    expect(of({ tier: 'free', limits: { ratePerMinute: 7 } })).toMatchObject({ ratePerMinute: 7, ratePerHour: 500 })
  })

  test('a write with a key has a marker of its own, whose it is and which; others have none', () => {
    const markerOf = (tool: Tool, given: Record<string, unknown>) =>
      agentBudgets(sampleCall({ tool, arguments: given }), settings, 0).replay?.marker
    const mine = markerOf(createInvoice, { idempotencyKey: 'mine' })
    expect(mine).toMatch(/^desk:\{t0:agent-0\}:committed:create_invoice:[\w-]{43}$/)
    expect(markerOf(createInvoice, { idempotencyKey: 'other' })).not.toBe(mine)
    expect([markerOf(createInvoice, {}), markerOf(listTables, { idempotencyKey: 'mine' })]).toEqual([undefined, undefined])
  })

  test('discovery has a bucket of its own and no lease', () => {
    expect(agentBudgets(sampleCall({ method: 'initialize' }), settings, 0)).toEqual({
      asker: '{t0:agent-0}',
      rates: [{ scope: 'discovery', key: 'desk:{t0:agent-0}:discovery', perMinute: 600, burst: 100 }],
    })
  })

  test('a lease outlives the deadline, and the hint is the median', () => {
    const { leases } = agentBudgets(sampleCall({ startedAtMs: 1_000, deadlineAtMs: 3_000 }), settings, 40)
    expect(leases?.[0]).toEqual({ of: 'agent', key: 'desk:{t0:agent-0}:lease', limit: 5, id: 'l', lifetimeMs: 7_000, hintMs: 40 })
  })
})

describe('the bucket in memory', () => {
  const budgets = (perMinute: number, burst: number, more: Partial<Budgets> = {}): Budgets => ({
    rates: [{ scope: 'agent', key: 'k', perMinute, burst }],
    ...more,
  })

  test('passes its burst, then its rate, and tells the exact wait', () => {
    const clock = standingClock(1_000_000)
    const limiter = new LocalLimiter(clock)
    const admitted = () => limiter.admit(budgets(60, 3)).waitMs
    expect([admitted(), admitted(), admitted(), admitted()]).toEqual([0, 0, 0, 1_000])
    clock.advance(999)
    expect(admitted()).toBe(1)
    clock.advance(1)
    expect([admitted(), admitted()]).toEqual([0, 1_000])
  })

  test('no window of any length passes more than burst + rate × its length', () => {
    const clock = standingClock(5_000)
    const limiter = new LocalLimiter(clock)
    const passed: number[] = []
    for (let ms = 0; ms < 20_000; ms += 7) {
      if (!limiter.admit(budgets(300, 4)).refusedBy) passed.push(ms)
      clock.advance(7)
    }
    for (const [i, from] of passed.entries()) {
      for (const [j, to] of passed.slice(i).entries()) expect(j + 1).toBeLessThanOrEqual(4 + (300 / 60_000) * (to - from) + 1e-9)
    }
    expect(passed.length).toBeGreaterThan(95)
  })

  test('a refusal by one budget costs nothing of the others', () => {
    const limiter = new LocalLimiter(standingClock())
    const both: Budgets = {
      rates: [
        { scope: 'agent', key: 'agent', perMinute: 60, burst: 2 },
        { scope: 'tool', key: 'tool', perMinute: 1, burst: 1 },
      ],
    }
    limiter.admit(both)
    expect(limiter.admit(both).refusedBy?.scope).toBe('tool')
    expect(limiter.admit({ rates: [both.rates[0] as never] }).refusedBy).toBeUndefined()
  })

  test('a lease is given back', () => {
    const limiter = new LocalLimiter(standingClock())
    const lease = (id: string) => budgets(600, 100, { leases: [{ of: 'agent', key: 'l', limit: 1, id, lifetimeMs: 1, hintMs: 25 }] })
    expect(limiter.admit(lease('a')).refusedBy).toBeUndefined()
    expect(limiter.admit(lease('b'))).toMatchObject({ refusedBy: { scope: 'concurrency', limit: 1 }, waitMs: 25 })
    limiter.release(lease('a'))
    expect(limiter.admit(lease('b')).refusedBy).toBeUndefined()
  })

  test('the limit on calls at once holds for a tool whose median time is nothing', () => {
    const limiter = new LocalLimiter(standingClock())
    const lease = (id: string) => budgets(600, 100, { leases: [{ of: 'agent', key: 'l', limit: 1, id, lifetimeMs: 1, hintMs: 0 }] })
    limiter.admit(lease('a'))
    expect(limiter.admit(lease('b'))).toMatchObject({ refusedBy: { scope: 'concurrency' }, waitMs: 1 })
  })

  test('remembers a bounded number of buckets', () => {
    const limiter = new LocalLimiter(standingClock(), 2)
    const hit = (key: string) => limiter.admit({ rates: [{ scope: 'agent', key, perMinute: 1, burst: 1 }] }).refusedBy
    expect([hit('a'), hit('b'), hit('c')]).toEqual([undefined, undefined, undefined])
    expect(hit('a')).toBeUndefined()
    expect(hit('c')).toBeDefined()
  })
})

describe('without Redis', () => {
  function away({ burst = 8, chance = 0, hangs = false } = {}) {
    const clock = standingClock()
    const breaker = countingBreaker({
      dependency: 'redis',
      failures: 1,
      failingMs: 1,
      openMs: 3_000,
      probeMs: 1,
      clock,
      changed: () => undefined,
    })
    breaker.enter().end('down')
    const { next, reached } = rest()
    const metrics = createMetrics({
      pools: () => [],
      inFlight: () => 0,
      leases: async () => 0,
      loop: () => ({ delayMs: 0, utilisation: 0 }),
    })
    const parts = { settings: { ...settings, AGENT_BURST: burst }, budgets: agentBudgets, metrics, typical: createTypical() }
    const declared = { withoutRedis: readsFromMemory, quotaHeaders: bindingQuota, random: () => chance }
    const instances = { live: 2, close: () => undefined }
    const breakers = { redis: breaker, postgres: breaker, upstream: breaker }
    const inner: Next = hangs ? () => new Promise(() => undefined) : next
    const wrapped = admission.wrap(inner, running({ ...parts, ...declared, clock, instances, breakers, local: new LocalLimiter(clock) }))
    return { wrapped, reached }
  }

  test('reads pass at half the limit divided by the instances', async () => {
    const { wrapped, reached } = away()
    const codes: string[] = []
    for (let i = 0; i < 4; i++) codes.push(await codeOf(wrapped(sampleCall({ leaseId: String(i) }))))
    expect(codes).toEqual(['served', 'served', 'RATE_LIMITED', 'RATE_LIMITED'])
    expect(reached[0]?.answerHeaders.ratelimit).toBe('"agent";r=1;t=4')
  })

  test('calls at once are divided by the instances; the hint is spread by chance', async () => {
    const { wrapped } = away({ burst: 80, chance: 0.5, hangs: true })
    for (const leaseId of ['first', 'second']) wrapped(sampleCall({ leaseId })).catch(() => undefined)
    await expect(wrapped(sampleCall({ leaseId: 'third' }))).rejects.toMatchObject({
      code: 'CONCURRENCY_LIMITED',
      details: { limit: 2, retryAfterMs: 1_250 },
    })
  })

  test.each([runQuery, createInvoice])('$name fails closed, with a wait', async (tool) => {
    const error = await away()
      .wrapped(sampleCall({ tool }))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', details: { scope: 'redis', retryAfterMs: 3_000 } })
  })
})
