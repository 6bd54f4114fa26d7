// Each weakness takes away what it says, alone, on a server that still serves. Whether a scenario notices is tests/matrix's business.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../../tests/fixtures/desk-services.ts'
import { openDesk, TOKENS, type Told } from '../fixtures/desk.ts'
import { startIdentityProvider } from '../fixtures/identity-provider.ts'
import { type Weakness, weakened, weaknessNames } from './weakness.ts'

let services: DeskServices

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await services?.[Symbol.asyncDispose]()
})

function weak(name: string, environment: Record<string, string>) {
  return openDesk(services.addresses, environment, (parts) => weakened(parts, name))
}

const codes = (answers: Told[]) => [...new Set(answers.map(({ status, data }) => `${status} ${String(data.code ?? 'served')}`))]

test.each(weaknessNames())('%s replaces one part, and says whose story it is', async (name) => {
  const { default: weakness } = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as { default: Weakness }
  expect(weakness.kind).toBe('weakness')
  for (const text of [weakness.story, weakness.source, weakness.caughtBy.scenario, weakness.caughtBy.check]) expect(text).toMatch(/\w/)
  await using desk = await weak('', {})
  const { running } = desk
  const changed = weakness.apply(running)
  const differing = Object.keys(changed).filter((part) => changed[part as keyof typeof changed] !== running[part as keyof typeof changed])
  expect(differing).toHaveLength(1)
})

test('no-agent-limit: rate, tool and concurrency are away, other refusals are not', async () => {
  const limits = {
    AGENT_RATE_PER_MINUTE: '1',
    AGENT_BURST: '1',
    AGENT_CONCURRENCY: '1',
    AGENT_TOOL_RATE_PER_MINUTE: '1',
    AGENT_TOOL_BURST: '1',
  }
  await using desk = await weak('no-agent-limit', { ...limits, POOL_EXPENSIVE: '1', QUEUE_MAX: '0' })
  expect(codes(await Promise.all([1, 2, 3, 4, 5].map(() => desk.call('describe_table', { table: 'customers' }))))).not.toContain(
    '429 RATE_LIMITED',
  )
  const answers = await Promise.all([1, 2, 3].map(() => desk.call('run_query', { sql: 'select pg_sleep(0.2)' })))
  expect(codes(answers).toSorted()).toEqual(['200 served', '503 QUEUE_FULL'])
})

test('breaker-counts-upstream-4xx: what the service behind does not have is told as before, and shuts the tool for all', async () => {
  const upstream = createServer((request, response) => response.writeHead(request.url?.includes('DEM') ? 404 : 200).end('{"rate":1.25}'))
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  await using _upstream = { [Symbol.asyncDispose]: async () => void upstream.close().closeAllConnections() }
  const { port } = upstream.address() as AddressInfo
  await using desk = await weak('breaker-counts-upstream-4xx', { UPSTREAM_URL: `http://127.0.0.1:${port}`, BREAKER_FAILURES: '3' })
  const ask = (quote: string, token?: string) => desk.call('get_exchange_rate', { base: 'EUR', quote }, token)
  expect(codes([await ask('DEM'), await ask('DEM'), await ask('USD')])).toEqual(['200 INVALID_ARGUMENTS', '200 served'])
  for (let n = 0; n < 3; n++) await ask('DEM')
  expect(codes([await ask('USD', TOKENS.t1)])).toEqual(['503 DEPENDENCY_UNAVAILABLE'])
})

test('retry-after-missing: refuses, and says nothing', async () => {
  await using desk = await weak('retry-after-missing', { AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
  await desk.call('list_tables')
  const { status, headers, data } = await desk.call('list_tables')
  expect([status, headers.get('retry-after'), data.retryAfterMs, data.code]).toEqual([429, null, undefined, 'RATE_LIMITED'])
})

test('retry-after-constant: a second, whatever the wait', async () => {
  await using desk = await weak('retry-after-constant', { AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
  await desk.call('list_tables')
  const { status, headers, data } = await desk.call('list_tables')
  expect([status, headers.get('retry-after'), data.retryAfterMs, data.code]).toEqual([429, '1', 1_000, 'RATE_LIMITED'])
})

test('limit-in-prose: 200 and a sentence, nothing to read by', async () => {
  await using desk = await weak('limit-in-prose', { AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
  await desk.call('list_tables')
  const { status, headers, data } = await desk.call('list_tables')
  expect([status, headers.get('retry-after'), data.retryAfterMs, data.code]).toEqual([200, null, undefined, undefined])
})

test('fixed-window-limit: a minute’s calls in a moment, then none', async () => {
  await using desk = await weak('fixed-window-limit', { AGENT_RATE_PER_MINUTE: '5', AGENT_BURST: '1' })
  const answers: Told[] = []
  // The minute of the clock may end meanwhile.
  for (let i = 0; i < 11; i++) answers.push(await desk.call('list_tables'))
  expect(answers.slice(0, 5).every(({ status }) => status === 200)).toBe(true)
  expect(answers.at(-1)?.status).toBe(429)
})

test('headers-of-wrong-budget: refused, with thousands to go', async () => {
  await using desk = await weak('headers-of-wrong-budget', { AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
  await desk.call('list_tables')
  const { status, headers } = await desk.call('list_tables')
  expect(status).toBe(429)
  expect(headers.get('ratelimit')).toMatch(/^"agent-day";r=\d{2,};/)
})

test('pool-per-request: more connections than were declared', async () => {
  await using desk = await weak('pool-per-request', { POOL_CHEAP: '2', POOL_EXPENSIVE: '1', POOL_WRITE: '1' })
  for (let i = 0; i < 12; i++) await desk.call('list_tables')
  const [row] = await services.postgres.query<{ n: number }>(`select count(*)::int as n from pg_stat_activity where usename = 'app'`)
  expect(row?.n).toBeGreaterThan(2 + 1 + 1 + 2)
})

test('pool-queue-unbounded: everybody waits, and the metric tells', async () => {
  await using desk = await weak('pool-queue-unbounded', { POOL_EXPENSIVE: '1', QUEUE_MAX: '2', ACQUIRE_TIMEOUT_MS: '50' })
  const answers = await Promise.all(Array.from({ length: 8 }, () => desk.call('run_query', { sql: 'select pg_sleep(0.1)' })))
  expect(codes(answers)).toEqual(['200 served'])
  expect(await desk.metric('pool_waiting_max{pool="expensive"}')).toBe(7)
  expect(await desk.metric('pool_waiting{pool="expensive"}')).toBe(0)
})

test('no-deadline: a call ends when it ends', async () => {
  await using desk = await weak('no-deadline', { DEADLINE_LONGEST_MS: '100', ACQUIRE_TIMEOUT_MS: '100', POOL_EXPENSIVE: '1' })
  const answers = await Promise.all([1, 2].map(() => desk.call('run_query', { sql: 'select pg_sleep(0.4)' })))
  expect(codes(answers)).toEqual(['200 served'])
})

describe('breakers', () => {
  const attempts = () => readFileSync(services.attemptsFile, 'utf8').split('\n').length

  test('no-breaker: each call tries', async () => {
    await using desk = await weak('no-breaker', { BREAKER_FAILURES: '3' })
    await desk.call('list_tables')
    await using down = await toxic(services.links.postgres, 'down', {})
    const before = attempts()
    for (let i = 0; i < 30; i++) expect((await desk.call('list_tables')).status).toBe(503)
    await down.remove()
    expect(attempts() - before).toBeGreaterThanOrEqual(30)
    expect((await desk.call('list_tables')).status).toBe(200)
  })

  test('breaker-never-closes: opens as it should, and stays', async () => {
    await using desk = await weak('breaker-never-closes', { BREAKER_FAILURES: '3', BREAKER_OPEN_MS: '100' })
    await desk.call('list_tables')
    await using down = await toxic(services.links.postgres, 'down', {})
    for (let i = 0; i < 5; i++) await desk.call('list_tables')
    await down.remove()
    const openedMs = performance.now()
    while (performance.now() - openedMs < 400) {
      const { data } = await desk.call('list_tables')
      expect(data.scope).toBe('postgres')
      // Each refusal begins the wait anew: it never comes near its end.
      expect(data.retryAfterMs).toBeGreaterThan(50)
    }
    expect(await desk.metric('breaker_state{dependency="postgres"}')).toBe(1)
  })
})

test('no-idempotency: the key is stored and ignored', async () => {
  await using desk = await weak('no-idempotency', {})
  const idempotencyKey = randomUUID()
  const invoice = { customer: 'C-0001', amountCents: 1, currency: 'EUR', idempotencyKey }
  const answers = [await desk.call('create_invoice', invoice), await desk.call('create_invoice', invoice)]
  expect(codes(answers)).toEqual(['200 served'])
  const rows = await services.postgres.query('select 1 from ledger.invoices where idempotency_key = $1', [idempotencyKey])
  expect(rows).toHaveLength(2)
})

test('idempotency-without-tenant: the same key and arguments get what another tenant got, and no row', async () => {
  await using desk = await weak('idempotency-without-tenant', {})
  const idempotencyKey = randomUUID()
  const invoice = { customer: 'C-0001', amountCents: 2, currency: 'EUR', idempotencyKey }
  const first = await desk.call('create_invoice', invoice)
  const second = await desk.call('create_invoice', invoice, TOKENS.t1)
  expect([second.isError, second.data]).toEqual([false, first.data])
  const other = await desk.call('create_invoice', { ...invoice, amountCents: 3 }, TOKENS.t0)
  expect(other.data.code).toBe('IDEMPOTENCY_MISMATCH')
  const rows = await services.postgres.query('select tenant from ledger.invoices where idempotency_key = $1', [idempotencyKey])
  expect(rows).toEqual([{ tenant: 't0' }])
})

test('idempotency-in-memory: one instance does it once, whatever comes, and the next one does it again', async () => {
  await using desk = await weak('idempotency-in-memory', {})
  await using other = await weak('idempotency-in-memory', {})
  const idempotencyKey = randomUUID()
  const invoice = { customer: 'C-0001', amountCents: 4, currency: 'EUR', idempotencyKey }
  const rows = () => services.postgres.query('select 1 from ledger.invoices where idempotency_key = $1', [idempotencyKey])
  const [first, twin] = await Promise.all([desk.call('create_invoice', invoice), desk.call('create_invoice', invoice)])
  expect([first?.isError, twin?.data]).toEqual([false, first?.data])
  expect((await desk.call('create_invoice', { ...invoice, amountCents: 5 })).data.code).toBe('IDEMPOTENCY_MISMATCH')
  expect(await rows()).toHaveLength(1)
  expect(codes([await other.call('create_invoice', invoice)])).toEqual(['200 served'])
  expect(await rows()).toHaveLength(2)
})

test('budget-by-session: a session is held to its budget, and the next one has a budget of its own', async () => {
  await using desk = await weak('budget-by-session', { AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
  const asked = (method: string, params: Record<string, unknown>, session?: string) =>
    fetch(desk.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
        authorization: `Bearer ${TOKENS.t0}`,
        ...(session !== undefined && { 'mcp-session-id': session }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
  const opened = async () => {
    const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    return (await asked('initialize', hello)).headers.get('mcp-session-id') ?? ''
  }
  const calls = async (session: string) => {
    const call = { name: 'list_tables', arguments: {} }
    return [(await asked('tools/call', call, session)).status, (await asked('tools/call', call, session)).status]
  }
  const [one, another] = [await opened(), await opened()]
  expect(one).not.toBe(another)
  expect([await calls(one), await calls(another)]).toEqual([
    [200, 429],
    [200, 429],
  ])
})

test('keys-asked-each-time: as many looks as made-up key ids, each told 401', async () => {
  const audience = 'http://127.0.0.1:8080/v1/mcp'
  await using provider = await startIdentityProvider({ audience })
  await using desk = await weak('keys-asked-each-time', { AUTH: 'oauth', OAUTH_ISSUER: provider.issuer, OAUTH_AUDIENCE: audience })
  const answers: Told[] = []
  for (let n = 0; n < 10; n++) answers.push(await desk.call('list_tables', {}, await provider.signed({}, `guess-${n}`)))
  expect(codes(answers)).toEqual(['401 UNAUTHENTICATED'])
  expect(provider.keyRequests).toBeGreaterThanOrEqual(10)
  expect(codes([await desk.call('list_tables', {}, await provider.signed({}))])).toEqual(['200 served'])
})

test('an unknown name is refused with those that are', async () => {
  await expect(weak('no-sleep', {})).rejects.toThrow(/WEAKNESS is "no-sleep": must be empty or one of .*breaker-never-closes,/)
})
