// The admission script in a real Redis: exact under concurrency, one round trip, all or nothing, and the same arithmetic as in memory.
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { admitInRedis, type Budgets, prepareRedis } from './limiter.ts'
import { LocalLimiter } from './local-limiter.ts'

let services: DeskServices
let redis: Redis

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  redis = new Redis(`redis://${services.links.redis?.address}`)
  prepareRedis(redis)
})

afterAll(async () => {
  redis?.disconnect()
  await services?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await redis.flushall()
})

const agent = (perMinute: number, burst: number) => ({ scope: 'agent' as const, key: '{t:a}:rate', perMinute, burst })
const admit = (budgets: Budgets) => admitInRedis(redis, budgets)

describe('rates', () => {
  test('fifty at once on a burst of ten: ten pass', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => admit({ rates: [agent(60, 10)] })))
    expect(answers.filter(({ refusedBy }) => !refusedBy)).toHaveLength(10)
    const waits = answers.filter(({ refusedBy }) => refusedBy).map(({ waitMs }) => waitMs)
    expect(Math.max(...waits)).toBeLessThanOrEqual(1_000)
    expect(Math.min(...waits)).toBeGreaterThan(500)
    expect(answers.map(({ standings }) => standings[0]?.remaining).toSorted((a, b) => (b ?? 0) - (a ?? 0))[0]).toBe(9)
  })

  test('all are checked before any is written; the longest wait of those that fail is told', async () => {
    const tool = { scope: 'tool' as const, key: '{t:a}:tool', perMinute: 6, burst: 1 }
    const both = { rates: [agent(600, 3), tool] }
    await admit(both)
    for (let i = 0; i < 20; i++) expect((await admit(both)).refusedBy?.scope).toBe('tool')
    expect((await admit({ rates: [agent(600, 3)] })).refusedBy).toBeUndefined()
    expect((await admit({ rates: [agent(600, 3)] })).refusedBy).toBeUndefined()
    const last = await admit(both)
    expect(last.waitMs).toBeGreaterThan(9_000)
    expect(last.waitMs).toBeLessThanOrEqual(10_000)
  })

  test('agrees with the bucket in memory', async () => {
    const local = new LocalLimiter(() => 0)
    for (let i = 0; i < 6; i++) {
      const [there, here] = [await admit({ rates: [agent(1, 4)] }), local.admit({ rates: [agent(1, 4)] })]
      expect([there.refusedBy, there.standings[0]?.remaining]).toEqual([here.refusedBy, here.standings[0]?.remaining])
    }
  })

  test('heals what a clock that went back, or other limits, have written', async () => {
    await redis.set('{t:a}:rate', '9999999999999999')
    const { refusedBy, waitMs } = await admit({ rates: [agent(600, 2)] })
    expect(refusedBy?.scope).toBe('agent')
    expect(waitMs).toBeLessThanOrEqual(100)
  })

  test('a key lives no longer than it matters', async () => {
    await admit({ rates: [agent(60, 10)] })
    expect(await redis.pttl('{t:a}:rate')).toBeLessThanOrEqual(1_000)
  })

  test('survives a Redis that has forgotten the script', async () => {
    await redis.script('FLUSH')
    expect((await admit({ rates: [agent(60, 1)] })).refusedBy).toBeUndefined()
  })
})

describe('leases', () => {
  const lease = (id: string, lifetimeMs = 60_000, hintMs = 40): Budgets => ({
    rates: [agent(60_000, 1_000)],
    leases: [{ of: 'agent', key: '{t:a}:lease', limit: 3, id, lifetimeMs, hintMs }],
  })

  test('twenty at once on a limit of three: three pass, the others are told the hint', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => admit(lease(`c${i}`))))
    expect(answers.filter(({ refusedBy }) => !refusedBy)).toHaveLength(3)
    expect(answers.find(({ refusedBy }) => refusedBy)).toMatchObject({ refusedBy: { scope: 'concurrency', limit: 3 }, waitMs: 40 })
    expect(await redis.zcard('{t:a}:lease')).toBe(3)
  })

  test('one that is given back is free at once', async () => {
    for (const id of ['a', 'b', 'c']) await admit(lease(id))
    expect((await admit(lease('d'))).refusedBy).toBeDefined()
    await redis.zrem('{t:a}:lease', 'b')
    expect((await admit(lease('d'))).refusedBy).toBeUndefined()
  })

  test('those of a killed server expire by themselves', async () => {
    for (const id of ['a', 'b', 'c']) await admit(lease(id, 50))
    await expect.poll(async () => (await admit(lease('d'))).refusedBy, { interval: 10, timeout: 1_000 }).toBeUndefined()
    expect(await redis.zscore('{t:a}:lease', 'a')).toBeNull()
    expect(await redis.zscore('{t:a}:lease', 'd')).not.toBeNull()
  })

  test('a short lease beside a long one does not take it along', async () => {
    for (const id of ['a', 'b']) await admit(lease(id, 30_000))
    await admit(lease('c', 50))
    await expect.poll(async () => (await admit(lease('d', 50))).refusedBy, { interval: 10, timeout: 1_000 }).toBeUndefined()
    expect(await redis.pttl('{t:a}:lease')).toBeGreaterThan(20_000)
    expect(await redis.zrange('{t:a}:lease', '0', '-1')).toEqual(['d', 'a', 'b'])
  })

  test('a lease set lives no longer than its last lease', async () => {
    for (const id of ['a', 'b']) await admit(lease(id, 5_000))
    expect(await redis.pttl('{t:a}:lease')).toBeLessThanOrEqual(5_000)
  })

  test('the limit holds for a tool whose median time is nothing', async () => {
    for (const id of ['a', 'b', 'c']) await admit(lease(id, 60_000, 0))
    expect(await admit(lease('d', 60_000, 0))).toMatchObject({ refusedBy: { scope: 'concurrency' }, waitMs: 1 })
  })

  test('a refusal by the lease costs no rate', async () => {
    // A rate whose key outlives the test: it is kept no longer than it matters.
    const asking = (id: string): Budgets => ({ ...lease(id), rates: [agent(60, 10)] })
    for (const id of ['a', 'b', 'c']) await admit(asking(id))
    const tat = await redis.get('{t:a}:rate')
    expect(tat).not.toBeNull()
    expect((await admit(asking('d'))).refusedBy?.scope).toBe('concurrency')
    expect(await redis.get('{t:a}:rate')).toBe(tat)
  })
})

/** By Redis' own clock, which is the one that counts. */
async function nowMs(): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1_000 + Number(micros) / 1_000
}

/** No earlier, by that clock: a timer of Node drops fractions of a ms and fires up to one too soon. */
async function until(atMs: number): Promise<void> {
  for (let leftMs = atMs - (await nowMs()); leftMs > 0; leftMs = atMs - (await nowMs())) await pause(Math.ceil(leftMs))
}

describe('waiting as told', () => {
  const often = { scope: 'agent' as const, key: '{t:a}:rate', perMinute: 6_000, burst: 1 }

  test('who waits as told is admitted, 100 of 100 times', async () => {
    let admitted = 0
    for (let i = 0; i < 100; i++) {
      let answer = await admit({ rates: [often] })
      while (!answer.refusedBy) answer = await admit({ rates: [often] })
      await until((await nowMs()) + answer.waitMs)
      if (!(await admit({ rates: [often] })).refusedBy) admitted += 1
    }
    expect(admitted).toBe(100)
  })

  test('who comes early is refused, by 25 ms too', async () => {
    const seldom = { ...often, perMinute: 300 }
    await admit({ rates: [seldom] })
    const askedAtMs = await nowMs()
    const { waitMs } = await admit({ rates: [seldom] })
    await until(askedAtMs + waitMs - 25)
    const early = await admit({ rates: [seldom] })
    expect([early.refusedBy?.scope, early.waitMs > 0]).toEqual(['agent', true])
  })

  test('on a shared bucket each of twenty agents gets a turn of its own, keeps it, and is admitted then', async () => {
    const tenant = { scope: 'tenant' as const, key: '{t}:rate', perMinute: 600, burst: 5, shared: true }
    const asking = (agentNumber: number): Budgets => ({ asker: `agent-${agentNumber}`, rates: [tenant] })
    while (!(await admit({ ...asking(99), rates: [{ ...tenant, shared: false }] })).refusedBy);
    const agents = Array.from({ length: 20 }, (_, i) => i)
    const startedMs = await nowMs()
    const waits = await Promise.all(agents.map(async (i) => (await admit(asking(i))).waitMs))
    expect(new Set(waits.map((waitMs) => Math.round(waitMs / 100))).size).toBeGreaterThanOrEqual(19)
    expect(Math.max(...waits)).toBeGreaterThan(1_850)
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_100)
    // Before the first turn: a free place goes to whoever asks.
    const again = await admit(asking(19))
    expect(Math.abs((await nowMs()) + again.waitMs - (startedMs + (waits[19] ?? 0)))).toBeLessThan(30)
    const answers = await Promise.all(
      agents.map(async (i) => {
        await until(startedMs + (waits[i] ?? 0) + 10)
        return await admit(asking(i))
      }),
    )
    expect(answers.filter(({ refusedBy }) => !refusedBy).length).toBeGreaterThanOrEqual(18)
  })

  test('a line is no longer than a minute, however many wait', async () => {
    const tenant = { scope: 'tenant' as const, key: '{t}:rate', perMinute: 60, burst: 1, shared: true }
    const waits = await Promise.all(Array.from({ length: 200 }, async (_, i) => (await admit({ asker: `a${i}`, rates: [tenant] })).waitMs))
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_001)
    expect(await redis.pttl('{t}:rate:line')).toBeLessThanOrEqual(60_000)
  })
})

describe('windows', () => {
  const window = (limit: number, windowMs: number) => ({ scope: 'agent' as const, name: 'w', key: '{t:a}:window', limit, windowMs })
  const asking = (limit: number, windowMs: number): Budgets => ({ rates: [], windows: [window(limit, windowMs)] })

  test('what a fixed window would let through at its edge is refused', async () => {
    const sizeMs = 1_000
    const edgeMs = (Math.floor((await nowMs()) / sizeMs) + 1) * sizeMs
    await until(edgeMs - 150)
    const before = await Promise.all(Array.from({ length: 30 }, () => admit(asking(20, sizeMs))))
    await until(edgeMs + 30)
    const after = await Promise.all(Array.from({ length: 30 }, () => admit(asking(20, sizeMs))))
    expect(before.filter(({ refusedBy }) => !refusedBy)).toHaveLength(20)
    // A fixed window gives 20 more; this one what has faded of the last: some percent.
    expect(after.filter(({ refusedBy }) => !refusedBy).length).toBeLessThanOrEqual(6)
  })

  test('who waits as told is admitted, within the window and across its edge', async () => {
    const sizeMs = 400
    for (let round = 0; round < 6; round++) {
      let answer = await admit(asking(5, sizeMs))
      while (!answer.refusedBy) answer = await admit(asking(5, sizeMs))
      expect(answer).toMatchObject({ refusedBy: { scope: 'agent', limit: 5, windowMs: sizeMs } })
      await until((await nowMs()) + answer.waitMs)
      expect((await admit(asking(5, sizeMs))).refusedBy).toBeUndefined()
    }
  })

  test('a refusal costs nothing, and says what is left', async () => {
    expect((await admit(asking(2, 60_000))).standings[0]).toMatchObject({ remaining: 1 })
    await admit(asking(2, 60_000))
    const stored = await redis.hgetall('{t:a}:window')
    expect((await admit(asking(2, 60_000))).standings[0]).toMatchObject({ remaining: 0 })
    expect(await redis.hgetall('{t:a}:window')).toEqual(stored)
  })

  test('a window that refuses leaves the rate as it was, and the reverse', async () => {
    await admit(asking(1, 60_000))
    expect((await admit({ rates: [agent(60, 10)], windows: [window(1, 60_000)] })).refusedBy?.windowMs).toBe(60_000)
    expect(await redis.get('{t:a}:rate')).toBeNull()
    await redis.flushall()
    await admit({ rates: [agent(1, 1)] })
    await admit({ rates: [agent(1, 1)], windows: [window(5, 60_000)] })
    expect(await redis.exists('{t:a}:window')).toBe(0)
  })
})

describe('a replay', () => {
  const replaying: Budgets = {
    rates: [agent(1, 1)],
    replay: { marker: '{t:a}:committed', rate: { scope: 'replay', key: '{t:a}:replay', perMinute: 1, burst: 2 } },
  }

  test('passes a spent rate when its write was committed, on a small bucket of its own', async () => {
    await admit({ rates: [agent(1, 1)] })
    expect((await admit(replaying)).refusedBy?.scope).toBe('agent')
    await redis.set('{t:a}:committed', '1')
    expect(await admit(replaying)).toMatchObject({ replay: true })
    expect((await admit(replaying)).refusedBy).toBeUndefined()
    expect((await admit(replaying)).refusedBy?.scope).toBe('replay')
  })

  test('is charged like any call while there is budget', async () => {
    await redis.set('{t:a}:committed', '1')
    expect((await admit(replaying)).replay).toBeUndefined()
    expect(await redis.exists('{t:a}:replay')).toBe(0)
  })

  test('is held to calls at once', async () => {
    await redis.set('{t:a}:committed', '1')
    await admit({ rates: [agent(1, 1)], leases: [{ of: 'agent', key: '{t:a}:lease', limit: 1, id: 'a', lifetimeMs: 60_000, hintMs: 5 }] })
    const lease = { of: 'agent' as const, key: '{t:a}:lease', limit: 1, id: 'b', lifetimeMs: 60_000, hintMs: 5 }
    expect((await admit({ ...replaying, leases: [lease] })).refusedBy).toMatchObject({ scope: 'concurrency', of: 'agent' })
  })
})

test('one round trip, whatever is checked', async () => {
  const lease = (of: 'agent' | 'tool') => ({ of, key: `{t:a}:${of}`, limit: 5, id: 'c', lifetimeMs: 60_000, hintMs: 5 })
  let sent = 0
  const counting = new Proxy(redis, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        sent += 1
        return (value as (...all: unknown[]) => unknown).apply(target, given)
      }
    },
  })
  await admitInRedis(counting, {
    asker: 'a',
    rates: [agent(60, 10), { ...agent(60, 10), key: '{t:a}:tenant', shared: true }],
    windows: [{ scope: 'agent', name: 'hour', key: '{t:a}:hour', limit: 10, windowMs: 3_600_000 }],
    leases: [lease('agent'), lease('tool')],
  })
  expect(sent).toBe(1)
})
