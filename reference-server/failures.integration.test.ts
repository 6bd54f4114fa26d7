// The server while something is wrong: limits spent, Postgres slow, silent or gone, Redis gone, callers that leave, a drain.
// Real Postgres and Redis behind the proxy. What must hold is told to callers, in the log and in the metrics.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type DeskServices, startDeskServices, toxic } from '../tests/fixtures/desk-services.ts'
import { type Desk, openDesk, TOKENS, type Told } from './fixtures/desk.ts'

let services: DeskServices

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await services?.[Symbol.asyncDispose]()
})

function open(environment: Record<string, string> = {}): Promise<Desk> {
  return openDesk(services.addresses, environment)
}

/** A refusal that says when to come back, the same in the header and in the data, under the call's own id. */
function expectGuidance({ status, headers, body, data }: Told, code: string): void {
  expect([429, 503]).toContain(status)
  expect(data).toMatchObject({ code, retryable: true, retryAfterMs: expect.any(Number) })
  expect(headers.get('retry-after')).toBe(String(Math.max(1, Math.ceil(Number(data.retryAfterMs) / 1_000))))
  expect(headers.get('content-type')).toBe('application/json')
  expect(body.id).toBe(data.requestId)
}

const active = async (what: string) =>
  (
    await services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and state = 'active' and query like $1`, [
      `%${what}%`,
    ])
  ).length

describe('limits', () => {
  test('a spent rate is refused with its exact wait; who waits as told gets in', async () => {
    await using desk = await open({ AGENT_RATE_PER_MINUTE: '120', AGENT_BURST: '2' })
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => desk.call('list_tables')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(3)
    for (const answer of refused) expectGuidance(answer, 'RATE_LIMITED')
    expect(refused[0]?.data).toMatchObject({ scope: 'agent', limit: 120, windowMs: 60_000 })
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"agent";q=2;w=1')
    expect((await desk.call('list_tables', {}, TOKENS.t1)).status).toBe(200)
    await pause(Number(refused.at(-1)?.data.retryAfterMs))
    expect((await desk.call('list_tables')).status).toBe(200)
    expect(await desk.metric('refusals_total{code="RATE_LIMITED"}')).toBe(3)
  })

  test('an expensive tool has a budget of its own, and a refusal costs none of the other', async () => {
    await using desk = await open({ AGENT_RATE_PER_MINUTE: '60', AGENT_BURST: '5', AGENT_TOOL_RATE_PER_MINUTE: '1', AGENT_TOOL_BURST: '1' })
    await desk.call('run_query', { sql: 'select 1' })
    const refused = await Promise.all([1, 2, 3].map(() => desk.call('run_query', { sql: 'select 1' })))
    for (const answer of refused) expect(answer.data).toMatchObject({ code: 'RATE_LIMITED', scope: 'tool', limit: 1 })
    const others = await Promise.all([1, 2, 3, 4].map(() => desk.call('list_tables')))
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  test('calls at once are held to the limit, and a place is free again when a call has ended', async () => {
    await using desk = await open({ AGENT_CONCURRENCY: '2' })
    const long = [1, 2].map(() => desk.call('run_query', { sql: 'select pg_sleep(0.5)' }))
    await expect.poll(() => active('pg_sleep(0.5)'), { interval: 10 }).toBe(2)
    const refused = await desk.call('list_tables')
    expectGuidance(refused, 'CONCURRENCY_LIMITED')
    expect(refused.data).toMatchObject({ scope: 'concurrency', limit: 2 })
    await Promise.all(long)
    await expect.poll(async () => (await desk.call('list_tables')).status, { interval: 20 }).toBe(200)
  })

  test('discovery is not charged to calls', async () => {
    await using desk = await open({ AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
    await desk.call('list_tables')
    expect((await desk.call('list_tables')).status).toBe(429)
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKENS.t0}` }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    expect((await fetch(desk.url, { method: 'POST', headers, body })).status).toBe(200)
  })
})

describe('a query that takes too long', () => {
  test('is answered at its deadline, cancelled at the backend, and leaves a connection that works', async () => {
    await using desk = await open({ DEADLINE_LONGEST_MS: '300', POOL_EXPENSIVE: '1' })
    const startedMs = performance.now()
    const { isError, data } = await desk.call('run_query', { sql: 'select pg_sleep(20)' })
    expect(performance.now() - startedMs).toBeLessThan(800)
    expect([isError, data.code, data.retryable]).toEqual([true, 'TOOL_TIMEOUT', true])
    await expect.poll(() => active('pg_sleep(20)'), { interval: 20, timeout: 2_000 }).toBe(0)
    const next = await Promise.all([1, 2, 3].map(() => desk.call('run_query', { sql: 'select 1 as one' })))
    expect(next.map(({ data: { rows } }) => rows)).toEqual([[{ one: 1 }], [{ one: 1 }], [{ one: 1 }]])
    expect(await desk.metric('breaker_state{dependency="postgres"}')).toBe(0)
  })

  test('cancels hit nobody else, under fire', async () => {
    await using desk = await open({ DEADLINE_LONGEST_MS: '1200', POOL_EXPENSIVE: '2', QUEUE_MAX: '50', ACQUIRE_TIMEOUT_MS: '900' })
    const rounds = Array.from({ length: 6 }, async () => {
      const slow = desk.call('run_query', { sql: 'select pg_sleep(5)' })
      const quick = [1, 2, 3, 4].map(() => desk.call('list_tables'))
      return [await slow, ...(await Promise.all(quick))]
    })
    const answers = (await Promise.all(rounds)).flat()
    const quick = answers.filter(({ body }) => JSON.stringify(body).includes('tables'))
    expect(quick).toHaveLength(24)
    const slow = answers.filter((answer) => !quick.includes(answer)).map(({ data }) => data.code)
    expect(new Set(slow)).toEqual(new Set(['TOOL_TIMEOUT', 'QUEUE_FULL']))
  })

  test('a caller that leaves (2026-07-28) takes its query along, and is in the log', async () => {
    await using desk = await open()
    const leaving = new AbortController()
    const call = desk.call('run_query', { sql: 'select pg_sleep(19)' }, TOKENS.t0, leaving.signal).catch(() => 'left')
    await expect.poll(() => active('pg_sleep(19)'), { interval: 10 }).toBe(1)
    leaving.abort()
    expect(await call).toBe('left')
    await expect.poll(() => active('pg_sleep(19)'), { interval: 20, timeout: 2_000 }).toBe(0)
    expect(await desk.requests(1)).toMatchObject([{ request_id: 'call-1', status: 'gone' }])
  })
})

describe('a line before a pool', () => {
  test('is bounded: the rest is refused at once with guidance', async () => {
    await using desk = await open({ POOL_EXPENSIVE: '1', QUEUE_MAX: '2', ACQUIRE_TIMEOUT_MS: '200' })
    const calls = Array.from({ length: 8 }, () => desk.call('run_query', { sql: 'select pg_sleep(0.4)' }))
    const answers = await Promise.all(calls)
    const refused = answers.filter(({ status }) => status === 503)
    expect(refused.length).toBe(7)
    for (const answer of refused) expectGuidance(answer, 'QUEUE_FULL')
    expect(await desk.metric('pool_waiting_max{pool="expensive"}')).toBeLessThanOrEqual(2)
    expect((await desk.call('list_tables')).status).toBe(200)
  })
})

describe('Postgres', () => {
  test('gone: refused at once, few attempts, live and ready throughout, and back by itself', async () => {
    const { postgres } = services.links
    await using desk = await open({ BREAKER_FAILURES: '5', BREAKER_OPEN_MS: '300' })
    await desk.call('list_tables')
    const attempts = () => readFileSync(services.attemptsFile, 'utf8').split('\n').length
    const before = attempts()
    await using down = await toxic(postgres, 'down', {})
    const answers: Told[] = []
    for (let i = 0; i < 60; i++) answers.push(await desk.call('list_tables'))
    for (const answer of answers) expectGuidance(answer, 'DEPENDENCY_UNAVAILABLE')
    expect(attempts() - before).toBeLessThan(15)
    expect(await desk.metric('breaker_transitions_total{dependency="postgres",to="open"}')).toBeGreaterThan(0)
    for (const probe of ['livez', 'readyz']) expect((await fetch(`${desk.adminUrl}/${probe}`)).status).toBe(200)
    await down.remove()
    await expect.poll(async () => (await desk.call('list_tables')).status, { interval: 50, timeout: 3_000 }).toBe(200)
    expect(await desk.metric('breaker_state{dependency="postgres"}')).toBe(0)
    const ids = (await desk.requests(62)).map(({ request_id: id }) => id)
    expect(ids.length).toBe(new Set(ids).size)
  })

  test('gone before a key was ever seen: 503, not 401', async () => {
    await using desk = await open()
    await using down = await toxic(services.links.postgres, 'down', {})
    const answer = await desk.call('list_tables')
    await down.remove()
    expectGuidance(answer, 'DEPENDENCY_UNAVAILABLE')
    expect(answer.data.scope).toBe('keys')
  })

  test('so slow that nothing is in time: every call ends by its deadline, and the connections are sound after', async () => {
    await using desk = await open({ DEADLINE_LONGEST_MS: '300', ACQUIRE_TIMEOUT_MS: '100', POOL_CHEAP: '2', QUEUE_MAX: '4' })
    await desk.call('list_tables')
    await using slow = await toxic(services.links.postgres, 'latency', { delayMs: 400 })
    const startedMs = performance.now()
    const answers = await Promise.all(Array.from({ length: 12 }, () => desk.call('list_tables')))
    expect(performance.now() - startedMs).toBeLessThan(1_200)
    expect(answers.filter(({ data }) => !['TOOL_TIMEOUT', 'QUEUE_FULL'].includes(String(data.code)))).toEqual([])
    await slow.remove()
    await expect.poll(async () => (await desk.call('list_tables')).isError, { interval: 50, timeout: 5_000 }).toBe(false)
  })

  test('terminated sessions: no read is lost, a write says what is so', async () => {
    await using desk = await open()
    await Promise.all([1, 2, 3, 4].map(() => desk.call('list_tables')))
    await desk.call('create_invoice', { customer: 'C-0002', amountCents: 1, currency: 'EUR' })
    for (let round = 0; round < 3; round++) {
      await services.postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`)
      const answers = await Promise.all([1, 2, 3, 4].map(() => desk.call('list_tables')))
      expect(answers.filter(({ isError, status }) => isError || status !== 200)).toEqual([])
    }
  })

  test('reset in the middle of a write: nothing is written twice, whatever the caller was told', async () => {
    await using desk = await open({ BREAKER_FAILURES: '1000' })
    const write = (key: string) => desk.call('create_invoice', { customer: 'C-0003', amountCents: 3, currency: 'EUR', idempotencyKey: key })
    await write(randomUUID())
    const keys = Array.from({ length: 20 }, () => randomUUID())
    const told = new Map<string, Told>()
    for (const key of keys) {
      const [answer] = await Promise.all([write(key), toxic(services.links.postgres, 'reset', {}).then((once) => once.remove())])
      told.set(key, answer)
    }
    await Promise.all(keys.map((key) => expect.poll(async () => (await write(key)).isError, { interval: 20 }).toBe(false)))
    const rows = await services.postgres.query(
      'select idempotency_key as key, count(*)::int as n from ledger.invoices where idempotency_key = any($1) group by 1',
      [keys],
    )
    expect(rows).toHaveLength(20)
    expect(rows.filter(({ n }) => n !== 1)).toEqual([])
    const codes = [...told.values()].filter(({ isError }) => isError).map(({ data }) => data.code)
    expect(codes.filter((code) => code !== 'DEPENDENCY_UNAVAILABLE' && code !== 'OUTCOME_UNKNOWN')).toEqual([])
  })
})

describe('Redis', () => {
  test('gone: reads go on under a local limit, writes and expensive tools are refused with guidance, and it comes back', async () => {
    await using desk = await open({ AGENT_RATE_PER_MINUTE: '60', AGENT_BURST: '20' })
    await desk.call('list_tables')
    await using down = await toxic(services.links.redis, 'down', {})
    const reads: Told[] = []
    for (let i = 0; i < 14; i++) reads.push(await desk.call('list_tables'))
    expect(reads.filter(({ status }) => status === 200)).toHaveLength(10)
    for (const refused of reads.filter(({ status }) => status !== 200)) expectGuidance(refused, 'RATE_LIMITED')
    expectGuidance(await desk.call('run_query', { sql: 'select 1' }), 'DEPENDENCY_UNAVAILABLE')
    expectGuidance(await desk.call('create_invoice', { customer: 'C-0001', amountCents: 1, currency: 'EUR' }), 'DEPENDENCY_UNAVAILABLE')
    expect(await desk.metric('limiter_mode')).toBe(1)
    await down.remove()
    await expect.poll(async () => (await desk.call('run_query', { sql: 'select 1' })).status, { interval: 100, timeout: 8_000 }).toBe(200)
    await expect.poll(() => desk.metric('limiter_mode')).toBe(0)
  })

  test('silent: no call waits longer than its timeout allows', async () => {
    await using desk = await open({ REDIS_TIMEOUT_MS: '50' })
    await desk.call('list_tables')
    await using slow = await toxic(services.links.redis, 'latency', { delayMs: 3_000 })
    const startedMs = performance.now()
    for (let i = 0; i < 10; i++) expect((await desk.call('list_tables')).status).toBe(200)
    await slow.remove()
    expect(performance.now() - startedMs).toBeLessThan(1_500)
  })
})

describe('draining', () => {
  test('refuses new calls, finishes the one inside', async () => {
    await using desk = await open()
    const inside = desk.call('run_query', { sql: 'select pg_sleep(0.4)' })
    await expect.poll(() => active('pg_sleep(0.4)'), { interval: 10 }).toBe(1)
    desk.running.draining = true
    const refused = await desk.call('list_tables')
    expectGuidance(refused, 'DRAINING')
    expect(refused.headers.get('connection')).toBe('close')
    expect((await fetch(`${desk.adminUrl}/readyz`)).status).toBe(503)
    expect((await fetch(`${desk.adminUrl}/livez`)).status).toBe(200)
    expect((await inside).status).toBe(200)
  })
})
