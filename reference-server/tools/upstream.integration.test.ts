// The tools that ask somebody else, while that somebody is well, slow, silent, limited or broken. The upstream is an HTTP server of
// the test's own; Postgres and Redis are real.
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk, TOKENS } from '../fixtures/desk.ts'

type Behaviour = (request: http.IncomingMessage, response: http.ServerResponse) => void

const well: Behaviour = (request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://upstream')
  response.end(JSON.stringify({ base: searchParams.get('base'), quote: searchParams.get('quote'), rate: 1.25 }))
}
const silent: Behaviour = () => undefined
const trickle: Behaviour = (_, response) => {
  response.write('{')
  const drip = setInterval(() => response.write(' '), 50)
  response.on('close', () => clearInterval(drip))
}
const answers =
  (status: number, headers: Record<string, string> = {}, body = '{}'): Behaviour =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

let services: DeskServices
let behaviour = well
const seen: http.IncomingMessage[] = []
const upstream = http.createServer((request, response) => {
  seen.push(request)
  behaviour(request, response)
})

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
})

afterEach(() => {
  behaviour = well
  seen.length = 0
  upstream.closeAllConnections()
})

afterAll(async () => {
  upstream.close()
  await services?.[Symbol.asyncDispose]()
})

function open(more: Record<string, string> = {}): Promise<Desk> {
  const { port } = upstream.address() as AddressInfo
  return openDesk(services.addresses, { UPSTREAM_URL: `http://127.0.0.1:${port}`, LOG_HASH_KEY: 'key', ...more })
}

const rate = (desk: Desk, token = TOKENS.t0) => desk.call('get_exchange_rate', { base: 'EUR', quote: 'USD' }, token)

test('asks with the request id, the trace and a tag that is not the agent; the same for all its calls, another for other agents', async () => {
  await using desk = await open()
  const { data } = await rate(desk)
  await rate(desk)
  await rate(desk, TOKENS.t1)
  expect(data).toEqual({ base: 'EUR', quote: 'USD', rate: 1.25 })
  const [first, second, third] = seen.map(({ headers }) => headers)
  expect(first).toMatchObject({ 'x-request-id': 'call-1', traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c') })
  expect([first?.['x-agent-tag'], second?.['x-agent-tag'] === first?.['x-agent-tag']]).toEqual([expect.stringMatching(/^[\w-]{22}$/), true])
  expect(third?.['x-agent-tag']).not.toBe(first?.['x-agent-tag'])
  expect(JSON.stringify(seen.map(({ headers, url }) => [headers, url]))).not.toMatch(/agent-0|secret|t0/)
  const [line] = await desk.requests(1)
  expect(Number(line?.upstream_ms)).toBeGreaterThan(0)
})

test.each([
  ['silence', silent],
  ['a byte now and then', trickle],
])('%s ends at the deadline of one external call, and is told with a wait', async (_, bad) => {
  await using desk = await open({ UPSTREAM_TIMEOUT_MS: '300' })
  behaviour = bad
  const startedMs = performance.now()
  const { status, isError, data } = await rate(desk)
  expect([status, isError, data.code, data.scope, data.retryable]).toEqual([200, true, 'DEPENDENCY_UNAVAILABLE', 'upstream', true])
  expect(performance.now() - startedMs).toBeLessThan(2_400)
})

test.each([
  ['429 with seconds', answers(429, { 'retry-after': '7' }), 7_000],
  ['429 without a word', answers(429), 1_000],
  ['429 for a thousand years', answers(429, { 'retry-after': '31536000000' }), 86_400_000],
])('%s is passed on with its wait, at once, and is no outage', async (_, limited, waitMs) => {
  await using desk = await open({ BREAKER_FAILURES: '2' })
  behaviour = limited
  for (let i = 0; i < 3; i++) {
    const { status, isError, data } = await rate(desk)
    expect([status, isError, data.code, data.scope, data.retryAfterMs]).toEqual([200, true, 'RATE_LIMITED', 'upstream', waitMs])
  }
  expect(seen).toHaveLength(3)
  expect(await desk.metric('breaker_state{dependency="upstream"}')).toBe(0)
})

test.each([
  ['5xx', answers(503)],
  ['what is no JSON', answers(200, {}, '<html>')],
  ['what is not the answer', answers(200, {}, '{"rate":"much"}')],
  ['a flood', answers(200, {}, 'x'.repeat(100_000))],
  ['a way elsewhere', answers(302, { location: 'http://127.0.0.1:1/' })],
])('%s is a failure that counts: the breaker opens and refuses before running', async (_, bad) => {
  await using desk = await open({ BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '60000' })
  behaviour = bad
  for (let i = 0; i < 3; i++) expect((await rate(desk)).data.code).toBe('DEPENDENCY_UNAVAILABLE')
  const refused = await rate(desk)
  expect([refused.status, refused.data.code, refused.data.scope, seen.length]).toEqual([503, 'DEPENDENCY_UNAVAILABLE', 'upstream', 3])
  expect(refused.headers.get('retry-after')).toMatch(/^(5\d|60)$/)
  expect((await desk.call('list_tables')).status).toBe(200)
  expect((await desk.call('quote_invoice', { invoiceNumber: 'INV-000001', currency: 'USD' })).status).toBe(503)
})

test('an upstream that is back is found by a probe', async () => {
  await using desk = await open({ BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '200' })
  behaviour = answers(500)
  await Promise.all([1, 2, 3].map(() => rate(desk)))
  behaviour = well
  await expect.poll(async () => (await rate(desk)).data.rate, { interval: 50, timeout: 5_000 }).toBe(1.25)
})

test('wrong arguments never reach it', async () => {
  await using desk = await open()
  expect((await desk.call('get_exchange_rate', { base: 'eur', quote: '../admin' })).data.code).toBe('INVALID_ARGUMENTS')
  expect(seen).toEqual([])
})

test.each([400, 404, 410, 422])('its %i for unknown currencies is the mistake of who asked, and does not count', async (status) => {
  await using desk = await open({ BREAKER_FAILURES: '2' })
  behaviour = answers(status)
  for (let i = 0; i < 3; i++) {
    const told = await rate(desk)
    expect([told.status, told.isError, told.data.code, told.data.retryable]).toEqual([200, true, 'INVALID_ARGUMENTS', false])
  }
  expect(seen).toHaveLength(3)
  expect(await desk.metric('breaker_state{dependency="upstream"}')).toBe(0)
})

test.each([401, 403])('its %i is no answer to what was asked: it turns the server itself away, so that counts', async (status) => {
  await using desk = await open({ BREAKER_FAILURES: '2' })
  behaviour = answers(status)
  for (let i = 0; i < 2; i++) expect((await rate(desk)).data.code).toBe('DEPENDENCY_UNAVAILABLE')
  expect(await desk.metric('breaker_state{dependency="upstream"}')).toBe(1)
})

test('quote_invoice holds no connection while the upstream makes it wait', async () => {
  await using desk = await open({ POOL_CHEAP: '1', UPSTREAM_TIMEOUT_MS: '2000' })
  const arrived = once(upstream, 'request')
  let release = (): void => undefined
  behaviour = (request, response) => {
    release = () => well(request, response)
  }
  const quoted = desk.call('quote_invoice', { invoiceNumber: 'INV-000001', currency: 'USD' })
  await arrived
  expect((await desk.call('list_tables')).status).toBe(200)
  expect(await desk.metric('pool_connections{pool="cheap",state="used"}')).toBe(0)
  release()
  const { data, isError } = await quoted
  expect([isError, data.rate, data.quotedCents]).toEqual([false, 1.25, Math.round(Number(data.amountCents) * 1.25)])
})

test('who goes away takes the upstream call along', async () => {
  await using desk = await open({ UPSTREAM_TIMEOUT_MS: '2000' })
  behaviour = silent
  const leaving = new AbortController()
  const arrived = once(upstream, 'request') as Promise<[http.IncomingMessage]>
  const gone = desk.call('get_exchange_rate', { base: 'EUR', quote: 'USD' }, TOKENS.t0, leaving.signal).catch(() => 'gone')
  const [request] = await arrived
  const closed = once(request.socket, 'close')
  leaving.abort()
  await closed
  expect(await gone).toBe('gone')
  expect(await desk.metric('breaker_state{dependency="upstream"}')).toBe(0)
})

test('alone, without an address, it has a small table', async () => {
  await using desk = await open({ UPSTREAM_URL: '' })
  expect((await rate(desk)).data.rate).toBe(1.08)
  expect((await desk.call('get_exchange_rate', { base: 'EUR', quote: 'XXX' })).data.code).toBe('INVALID_ARGUMENTS')
  expect(seen).toEqual([])
})
