import { request } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ScratchKeeper } from './scratch-keeper.ts'
import type { Hit } from './service.ts'
import { startUpstream, UPSTREAM, type Upstream } from './upstream.ts'
import { startWorker } from './worker.ts'

const { signal } = new AbortController()
let owned: AsyncDisposableStack
let keeper: ScratchKeeper
let upstream: Upstream

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  keeper = owned.use(await ScratchKeeper.open())
  upstream = owned.use(await startUpstream({ keeper, signal }))
})

afterEach(async () => {
  await owned.disposeAsync()
  expect(await keeper.alive()).toEqual([])
})

async function rate(headers = {}) {
  const { statusCode, headers: answered, body } = await request(`http://${upstream.address}/rate?base=EUR&quote=USD`, { headers })
  return { status: statusCode, retryAfter: answered['retry-after'], body: await body.json() }
}

it('answers, and counts canaries apart', async () => {
  const before = await upstream.hits()
  expect(await rate()).toMatchObject({ status: 200, body: { base: 'EUR', quote: 'USD', rate: 1.086957 } })
  await rate({ 'x-stampede-canary': '1' })
  expect(await upstream.hits()).toBe(before + 1)
})

it('knows nothing of a path that is no address, and serves on', async () => {
  const { statusCode, body } = await request(`http://${upstream.address}///`)
  expect(statusCode).toBe(404)
  await body.dump()
  expect((await rate()).status).toBe(200)
})

it('answers 404 for money that is no more, 400 for what is no code, and counts neither as anything else', async () => {
  const ask = async (base: string, quote: string) => {
    const { statusCode, body } = await request(`http://${upstream.address}/rate?base=${base}&quote=${quote}`)
    await body.dump()
    return statusCode
  }
  expect([await ask('EUR', 'DEM'), await ask('XXX', 'EUR'), await ask('EUR', 'euro'), await ask('EUR', 'AUD')]).toEqual([
    404, 404, 400, 200,
  ])
})

it('remembers what it was asked, once: whose call, which trace, what it said', async () => {
  await upstream.takeHits()
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  await rate({ 'x-request-id': 'call-1', traceparent: `00-${trace}-00f067aa0ba902b7-01` })
  await using _errors = { [Symbol.asyncDispose]: (await upstream.behave({ kind: 'errors', status: 502, share: 1, seed: 1 })).remove }
  await rate({ 'x-stampede-canary': '1' })
  await rate({ 'x-request-id': 'two words' })
  const seen: Hit[] = []
  await expect
    .poll(async () => {
      seen.push(...(await upstream.takeHits()))
      return seen
    })
    .toEqual([
      { atMs: expect.any(Number), status: 200, call: 'call-1', trace },
      { atMs: expect.any(Number), status: 502 },
    ])
})

it('gives a share of errors by its seed; canaries do not shift it', async () => {
  const draw = async (canaries: boolean) => {
    const errors = await upstream.behave({ kind: 'errors', status: 503, share: 0.4, seed: 7 })
    const got: number[] = []
    for (let i = 0; i < 30; i++) {
      if (canaries) await rate({ 'x-stampede-canary': '1' })
      got.push((await rate()).status)
    }
    await errors.remove()
    return got
  }
  const first = await draw(false)
  expect(first.filter((status) => status === 503).length).toBeGreaterThan(4)
  expect(first).toContain(200)
  expect(await draw(true)).toEqual(first)
  expect((await rate()).status).toBe(200)
})

it('throttles with a wait; the newest behaviour wins, and removing twice is harmless', async () => {
  const errors = await upstream.behave({ kind: 'errors', status: 500, share: 1, seed: 0 })
  const throttled = await upstream.behave({ kind: 'throttled', retryAfterS: 3 })
  expect(await rate()).toMatchObject({ status: 429, retryAfter: '3' })
  await throttled.remove()
  await throttled.remove()
  expect((await rate()).status).toBe(500)
  await errors.remove()
  expect((await rate()).status).toBe(200)
})

it('does not begin to misbehave after that was given up', async () => {
  await using worker = await startWorker({ keeper, signal, ...UPSTREAM })
  const behave = (id: number) => worker.order('behave', { id, behaviour: { kind: 'errors', status: 503, share: 1, seed: 0 } })
  const ask = async () => (await request(`http://${worker.address}/rate?base=EUR&quote=USD`)).statusCode
  await worker.order('remove', { id: 1 })
  await behave(1)
  expect(await ask()).toBe(200)
  await behave(2)
  expect(await ask()).toBe(503)
})

it('hangs until the behaviour ends', async () => {
  const hang = await upstream.behave({ kind: 'hang' })
  const before = await upstream.hits()
  const waiting = rate().then(
    () => 'answered',
    () => 'closed',
  )
  await expect.poll(() => upstream.hits()).toBe(before + 1)
  await hang.remove()
  expect(await waiting).toBe('closed')
  expect((await rate()).status).toBe(200)
})

it('trickles: headers at once, the body late, the rest at once when it ends', async () => {
  const trickle = await upstream.behave({ kind: 'trickle', bytesPerSecond: 1 })
  const { statusCode, body } = await request(`http://${upstream.address}/rate?base=EUR&quote=USD`)
  expect(statusCode).toBe(200)
  const whole = body.json()
  await trickle.remove()
  expect(await whole).toMatchObject({ base: 'EUR' })
})
