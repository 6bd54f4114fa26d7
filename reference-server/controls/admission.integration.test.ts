// Admission by a Redis that is late, silent or confused: what the calls get, what is left behind there, what the breaker makes of it.
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../../tests/fixtures/desk-services.ts'
import { rest, sampleCall } from '../fixtures/call.ts'
import { type Desk, openDesk } from '../fixtures/desk.ts'
import { admission } from './admission.ts'
import type { Next } from './control.ts'

const LEASES = 'desk:{t0:agent-0}:lease'
const TIMEOUT_MS = 100
let services: DeskServices
let direct: Redis

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  direct = new Redis(`redis://${services.links.redis?.address}`)
  direct.on('error', () => undefined)
})

afterAll(async () => {
  direct?.disconnect()
  await services?.[Symbol.asyncDispose]()
})

async function open(): Promise<{ desk: Desk; admitted: Next }> {
  const desk = await openDesk(services.addresses, { REDIS_TIMEOUT_MS: String(TIMEOUT_MS) })
  const admitted = admission.wrap(rest().next, desk.running)
  await admitted(sampleCall())
  return { desk, admitted }
}

const mode = (desk: Desk) => desk.metric('limiter_mode')
const breaker = (desk: Desk) => desk.running.breakers.redis.state
const together = (admitted: Next, calls: number) =>
  Promise.all(Array.from({ length: calls }, (_, i) => admitted(sampleCall({ leaseId: `${i}` }))))

test('an answer that lies in the socket while our own loop is busy is in time', async () => {
  const { desk, admitted } = await open()
  await using _desk = desk
  const calls = together(admitted, 10)
  const untilMs = performance.now() + 3 * TIMEOUT_MS
  while (performance.now() < untilMs);
  await calls
  expect([await mode(desk), breaker(desk)]).toEqual([0, 'closed'])
})

test('one silence is one failure, however many wait; silence that lasts opens the breaker', async () => {
  const { desk, admitted } = await open()
  await using _desk = desk
  await using _slow = await toxic(services.links.redis, 'latency', { delayMs: 2_000 })
  await together(admitted, 20)
  expect([await mode(desk), breaker(desk)]).toEqual([1, 'closed'])
  const startedMs = performance.now()
  for (let i = 0; i < 10; i++) await together(admitted, 5)
  expect(performance.now() - startedMs).toBeLessThan(10 * TIMEOUT_MS)
  expect(breaker(desk)).toBe('open')
})

test('a moment without Redis between two scrapes is seen by the next one, and by that alone', async () => {
  const { desk, admitted } = await open()
  await using _desk = desk
  await using slow = await toxic(services.links.redis, 'latency', { delayMs: 2 * TIMEOUT_MS })
  expect(await mode(desk)).toBe(0)
  await admitted(sampleCall())
  await slow.remove()
  await desk.running.redis.ping()
  await admitted(sampleCall())
  expect([await mode(desk), await mode(desk)]).toEqual([1, 0])
})

test('a lease that a silent Redis granted all the same is given back', async () => {
  const { desk, admitted } = await open()
  await using _desk = desk
  await using slow = await toxic(services.links.redis, 'latency', { delayMs: 3 * TIMEOUT_MS })
  await admitted(sampleCall({ leaseId: 'late' }))
  expect(await mode(desk)).toBe(1)
  // On the connection that the lease was asked on: it is answered after all that was sent there before.
  await desk.running.redis.ping()
  await slow.remove()
  expect(await direct.zrange(LEASES, '0', '-1')).toEqual([])
})

test('an error that Redis tells is logged, once, and calls go on', async () => {
  const { desk, admitted } = await open()
  await using _desk = desk
  await direct.set(LEASES, 'no set')
  await admitted(sampleCall())
  await admitted(sampleCall())
  await expect.poll(() => desk.logged('limiter'), { interval: 10 }).toMatchObject([{ problem: expect.stringContaining('WRONGTYPE') }])
  expect(await mode(desk)).toBe(1)
  await direct.del(LEASES)
})

test('a Redis that is away is no riddle: its log line is the connection’s', async () => {
  const { desk, admitted } = await open()
  await using _desk = desk
  await using down = await toxic(services.links.redis, 'down', {})
  for (let i = 0; i < 5; i++) await admitted(sampleCall())
  await down.remove()
  await desk.call('list_tables')
  await desk.requests(1)
  expect(desk.logged('limiter')).toEqual([])
})
