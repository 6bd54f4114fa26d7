// Redis in every way that it can be of no use: the mode that is declared, no call that waits long, nothing that grows, and back by
// itself. Real Redis, and its own process is stopped, frozen, filled.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../tests/fixtures/desk-services.ts'
import { type Desk, openDesk } from './fixtures/desk.ts'

const ADDED_MS = 150
let services: DeskServices
let direct: Redis

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  direct = new Redis(`redis://${services.redis.address}`, { maxRetriesPerRequest: null })
  direct.on('error', () => undefined)
})

afterAll(async () => {
  direct?.disconnect()
  await services?.[Symbol.asyncDispose]()
})

function open(environment: Record<string, string> = {}): Promise<Desk> {
  return openDesk(services.addresses, { REDIS_TIMEOUT_MS: '100', ...environment })
}

const invoice = { customer: 'Customer 1', amountCents: 1, currency: 'EUR' }

/** Times of calls one after the other, ms. */
async function timesOf(desk: Desk, calls: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < calls; i++) {
    const startedMs = performance.now()
    expect((await desk.call('list_tables')).status).toBe(200)
    times.push(performance.now() - startedMs)
  }
  return times.toSorted((a, b) => a - b)
}

const at = (sorted: number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN

async function customers(desk: Desk): Promise<string> {
  const [row] = await services.postgres.query<{ name: string }>(`select name from ledger.customers where tenant = 't0' order by id limit 1`)
  await desk.call('list_tables')
  return row?.name ?? ''
}

describe.each<{ mode: string; begin: () => Promise<unknown>; heal: () => Promise<unknown> }>([
  { mode: 'stopped', begin: () => services.redis.crash(), heal: () => services.redis.restart() },
  { mode: 'frozen', begin: () => services.redis.signal('SIGSTOP'), heal: () => services.redis.signal('SIGCONT') },
  { mode: 'full', begin: () => direct.config('SET', 'maxmemory', '1'), heal: () => direct.config('SET', 'maxmemory', '0') },
  { mode: 'read-only', begin: () => direct.call('REPLICAOF', '127.0.0.1', '1'), heal: () => direct.call('REPLICAOF', 'NO', 'ONE') },
])('Redis $mode', ({ begin, heal }) => {
  test('reads go on in time, what must be counted is refused, and it comes back', async () => {
    await using desk = await open()
    const customer = await customers(desk)
    const before = await timesOf(desk, 20)
    await using stack = new AsyncDisposableStack()
    stack.defer(async () => void (await heal()))
    await begin()
    const during = await timesOf(desk, 20)
    expect(at(during, 0.85) - at(before, 0.85)).toBeLessThan(ADDED_MS)
    const [query, write] = [await desk.call('run_query', { sql: 'select 1' }), await desk.call('create_invoice', { ...invoice, customer })]
    for (const { status, data } of [query, write]) {
      expect([status, data.code, data.scope]).toEqual([503, 'DEPENDENCY_UNAVAILABLE', 'redis'])
      expect(data.retryAfterMs).toBeGreaterThanOrEqual(1_000)
    }
    expect(await desk.metric('limiter_mode')).toBe(1)
    await stack.disposeAsync()
    const healed = async () => (await desk.call('create_invoice', { ...invoice, customer })).status
    await expect.poll(healed, { interval: 100, timeout: 10_000 }).toBe(200)
    await expect.poll(() => desk.metric('limiter_mode')).toBe(0)
  })
})

test('flushed: the script is sent again and budgets begin anew; nothing is refused, no other mode', async () => {
  await using desk = await open({ AGENT_RATE_PER_MINUTE: '20', AGENT_BURST: '2', REDIS_TIMEOUT_MS: '2000' })
  const status = async () => (await desk.call('list_tables')).status
  expect([await status(), await status()]).toEqual([200, 200])
  await direct.flushall()
  await direct.script('FLUSH')
  expect([await status(), await status(), await status()]).toEqual([200, 200, 429])
  // Who was refused before is told so until its wait is over.
  await direct.flushall()
  expect(await status()).toBe(429)
  await expect.poll(status, { timeout: 5_000 }).toBe(200)
  expect(await desk.metric('limiter_mode')).toBe(0)
})

test('slow, but in time: counted as ever, each call later by what Redis takes', async () => {
  await using desk = await open({ REDIS_TIMEOUT_MS: '2000' })
  const before = await timesOf(desk, 10)
  await using slow = await toxic(services.links.redis, 'latency', { delayMs: 30 })
  const during = await timesOf(desk, 10)
  await slow.remove()
  expect(at(during, 0.5) - at(before, 0.5)).toBeGreaterThan(50)
  expect(at(during, 0.5) - at(before, 0.5)).toBeLessThan(ADDED_MS)
  expect(await desk.metric('limiter_mode')).toBe(0)
})

test('frozen for long: nothing piles up, neither commands nor memory', async () => {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void
  await using desk = await open()
  await timesOf(desk, 50)
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => void (await services.redis.signal('SIGCONT')))
  await services.redis.signal('SIGSTOP')
  await timesOf(desk, 50)
  collect()
  const heapBytes = process.memoryUsage().heapUsed
  let mostWaiting = 0
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 25 }, () => desk.call('list_tables')))
    mostWaiting = Math.max(mostWaiting, desk.running.redis.commandQueue.length)
  }
  collect()
  expect(mostWaiting).toBeLessThan(60)
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(15_000_000)
})

test('instances alive are counted, and limits without Redis are divided by them', async () => {
  await using first = await open({ INSTANCE: 'first', AGENT_RATE_PER_MINUTE: '60', AGENT_BURST: '16' })
  await using second = await openDesk(services.addresses, { INSTANCE: 'second', AGENT_RATE_PER_MINUTE: '60', AGENT_BURST: '16' })
  for (const desk of [first, second]) await expect.poll(() => desk.running.instances.live, { interval: 50, timeout: 6_000 }).toBe(2)
  await using down = await toxic(services.links.redis, 'down', {})
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) statuses.push((await first.call('list_tables')).status)
  await down.remove()
  expect(statuses.filter((status) => status === 200)).toHaveLength(4)
})
