// The admission script in a real Redis: exact under concurrency, one round trip, all or nothing, and the same arithmetic as in memory.
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { admitInRedis, type Budgets, LocalLimiter, prepareRedis } from './limiter.ts'

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
    lease: { key: '{t:a}:lease', limit: 3, id, lifetimeMs, hintMs },
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
    await expect.poll(async () => (await admit(lease('d'))).refusedBy, { interval: 10 }).toBeUndefined()
    expect(await redis.zscore('{t:a}:lease', 'a')).toBeNull()
    expect(await redis.zscore('{t:a}:lease', 'd')).not.toBeNull()
  })

  test('a short lease beside a long one does not take it along', async () => {
    for (const id of ['a', 'b']) await admit(lease(id, 30_000))
    await admit(lease('c', 50))
    await expect.poll(async () => (await admit(lease('d', 50))).refusedBy, { interval: 10 }).toBeUndefined()
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
    for (const id of ['a', 'b', 'c']) await admit(lease(id))
    const tat = await redis.get('{t:a}:rate')
    await admit(lease('d'))
    expect(await redis.get('{t:a}:rate')).toBe(tat)
  })
})
