// Traps that the controls were built around, each sprung on the whole server with a real Postgres and Redis: what people's servers do
// when several things meet. Redis' own troubles: redis-modes; a server that dies or drains: crash.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS, told } from './fixtures/desk.ts'
import type { Parts } from './parts.ts'
import { PRIORITIES, type Priority } from './tiers.ts'

let services: DeskServices
let customer: string

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await services?.[Symbol.asyncDispose]()
})

async function open(environment: Record<string, string> = {}, change?: (parts: Parts) => Parts): Promise<Desk> {
  const desk = await openDesk(services.addresses, environment, change)
  const [row] = await services.postgres.query<{ name: string }>(`select name from ledger.customers where tenant = 't0' order by id limit 1`)
  customer = row?.name ?? ''
  return desk
}

const codes = (answers: { status: number; data: Record<string, unknown> }[]) =>
  answers.map(({ status, data }) => `${status} ${data.code ?? 'ok'}`)

describe('a statement that fails', () => {
  test('keeps its connection: the same backend serves the next call', async () => {
    await using desk = await open({ POOL_EXPENSIVE: '1' })
    const pid = async () => {
      const { data } = await desk.call('run_query', { sql: 'select pg_backend_pid() as pid' })
      return (data.rows as { pid: number }[])[0]?.pid
    }
    const first = await pid()
    for (const sql of ['selec 1', 'select 1/0', 'select * from nothing']) {
      expect((await desk.call('run_query', { sql })).data.code).toBe('INVALID_ARGUMENTS')
      expect(await pid()).toBe(first)
    }
  })

  test('does not open the breaker, however often', async () => {
    await using desk = await open({ BREAKER_FAILURES: '3' })
    await Promise.all(Array.from({ length: 40 }, (_, i) => desk.call('run_query', i % 2 ? { sql: 'selec 1' } : { sql: 7 })))
    expect(await desk.metric('breaker_state{dependency="postgres"}')).toBe(0)
    expect((await desk.call('list_tables')).status).toBe(200)
  })
})

describe('the same write, again and again', () => {
  let own = ''
  beforeEach(() => {
    own = randomUUID()
  })
  const write = (desk: Desk, key: string, more = {}) =>
    desk.call('create_invoice', { customer, amountCents: 7, currency: 'EUR', idempotencyKey: `${key} ${own}`, ...more })
  const rowsOf = (key: string) => services.postgres.query('select 1 from ledger.invoices where idempotency_key = $1', [`${key} ${own}`])
  const replayed = ({ body }: { body: Record<string, unknown> }) =>
    (body.result as { _meta?: { replayed?: boolean } })?._meta?.replayed === true

  test('fifty at once: one row, forty-nine replays, one answer', async () => {
    await using desk = await open({ LOCK_TIMEOUT_MS: '5000', ACQUIRE_TIMEOUT_MS: '5000', OVERLOAD_QUEUE_WAIT_MS: '60000' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => write(desk, 'fifty')))
    expect([...new Set(codes(answers))]).toEqual(['200 ok'])
    expect(answers.filter(replayed)).toHaveLength(49)
    expect(new Set(answers.map(({ data }) => data.invoiceNumber)).size).toBe(1)
    expect(await rowsOf('fifty')).toHaveLength(1)
  })

  test('when the budget is spent a replay is let through, another write is not; other arguments are still refused', async () => {
    await using desk = await open({ AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1', REPLAY_BURST: '3' })
    expect((await write(desk, 'spent')).isError).toBe(false)
    expect((await write(desk, 'new')).data.code).toBe('RATE_LIMITED')
    const again = await write(desk, 'spent')
    expect([again.status, again.isError, replayed(again)]).toEqual([200, false, true])
    expect((await write(desk, 'spent', { amountCents: 8 })).data.code).toBe('IDEMPOTENCY_MISMATCH')
    await write(desk, 'spent')
    expect((await write(desk, 'spent')).data).toMatchObject({ code: 'RATE_LIMITED', scope: 'replay' })
    expect(await rowsOf('spent')).toHaveLength(1)
    expect(await rowsOf('new')).toHaveLength(0)
  })

  test('a write that failed leaves no marker: it is not let through', async () => {
    await using desk = await open({ AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
    expect((await write(desk, 'failed', { customer: 'Nobody' })).data.code).toBe('INVALID_ARGUMENTS')
    expect((await write(desk, 'failed')).data.code).toBe('RATE_LIMITED')
  })
})

describe('the key store away', () => {
  test('keys that were good serve on, long after they were fresh; one that nobody has seen is 503', async () => {
    let laterMs = 0
    await using desk = await open({ BREAKER_FAILURES: '2', BREAKER_OPEN_MS: '60000' }, (parts) => ({
      ...parts,
      clock: () => performance.now() + laterMs,
    }))
    await desk.call('list_tables')
    await using _down = await toxic(services.links.postgres, 'down', {})
    laterMs = 10 * 60_000
    const list = async (token: string) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
      return await told(await fetch(desk.url, { method: 'POST', headers, body }))
    }
    const answers = [await list(TOKENS.t0), await list(TOKENS.t1), await list(TOKENS.t0)]
    expect(codes(answers)).toEqual(['200 ok', '503 DEPENDENCY_UNAVAILABLE', '200 ok'])
    expect(answers[1]?.data).toMatchObject({ scope: 'keys', retryable: true })
  })
})

describe('sockets', () => {
  /** Connections that never send a whole request. */
  async function hold(desk: Desk, count: number, sends: string): Promise<Socket[]> {
    const port = Number(new URL(desk.url).port)
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
    for (const socket of sockets) {
      socket.on('error', () => undefined)
      socket.write(sends)
    }
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once(socket.connecting ? 'connect' : 'ready', resolve))))
    return sockets
  }

  test.each([
    ['headers', 'POST /v1/mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: '],
    ['bodies', 'POST /v1/mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'],
  ])('slow-loris %s on every connection: a good call is served all the same', async (_, sends) => {
    await using desk = await open({ CONNECTIONS_MAX: '30' })
    const sockets = await hold(desk, 30, sends)
    await pause(1_050)
    const answers = await Promise.all(Array.from({ length: 5 }, () => desk.call('list_tables')))
    for (const socket of sockets) socket.destroy()
    expect(codes(answers)).toEqual(Array.from({ length: 5 }, () => '200 ok'))
    expect(await desk.metric('connections_cut_total{why="unheard"}')).toBeGreaterThanOrEqual(1)
  })

  test('a body that only grows is refused while it is read', async () => {
    await using desk = await open({ BODY_MAX_BYTES: '10000' })
    const piece = new TextEncoder().encode('x'.repeat(1_000))
    let sent = 0
    const body = new ReadableStream({
      async pull(controller) {
        sent += 1
        if (sent > 10_000) controller.close()
        else controller.enqueue(piece)
        await pause(1)
      },
    })
    const options = { method: 'POST', headers: headersOf('list_tables', 'x', TOKENS.t0), body, duplex: 'half' }
    const answer = await told(await fetch(desk.url, options as RequestInit))
    expect([answer.status, answer.data.code]).toEqual([413, 'REQUEST_TOO_LARGE'])
    expect(sent).toBeLessThan(1_000)
    expect(desk.running.bodies.bytes).toBe(0)
  })

  test('all bodies together are bounded while they come, and one that never ends gives its room away', async () => {
    await using desk = await open({ IN_FLIGHT_BYTES_MAX: '5000' })
    const head = 'POST /v1/mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n'
    const [stalled] = await hold(desk, 1, `${head}${'x'.repeat(4_000)}`)
    const closed = once(stalled as Socket, 'close')
    await expect.poll(() => desk.running.bodies.bytes, { interval: 5 }).toBe(4_000)
    const large = { text: 'x'.repeat(2_000) }
    const refused = await desk.call('search_customers', large)
    expect([refused.status, refused.data.code, refused.body.id]).toEqual([503, 'OVERLOADED', null])
    expect((await desk.call('list_tables')).status).toBe(200)
    await pause(1_050)
    expect((await desk.call('search_customers', large)).data.code).toBe('INVALID_ARGUMENTS')
    await closed
    expect([desk.running.bodies.bytes, await desk.metric('connections_cut_total{why="unheard"}')]).toEqual([0, 1])
  })

  test('an address that floods is told to wait; one that fails to authenticate too often is told so, good tokens beside it serve', async () => {
    await using desk = await open({ AUTH_FAILURES_PER_MINUTE: '60', AUTH_FAILURES_BURST: '3' })
    const failures = []
    for (let i = 0; i < 5; i++) failures.push(await desk.call('list_tables', {}, 'mcp_a0_not-the-right-secret'))
    expect(codes(failures).slice(2)).toEqual(['401 UNAUTHENTICATED', '429 RATE_LIMITED', '429 RATE_LIMITED'])
    expect(failures[4]?.data).toMatchObject({ scope: 'address', limit: 60, retryable: true })
    expect((await desk.call('list_tables')).status).toBe(200)
    await using flooded = await open({ ADDRESS_RATE_PER_MINUTE: '60', ADDRESS_BURST: '2' })
    const answers = [await flooded.call('list_tables'), await flooded.call('list_tables'), await flooded.call('list_tables')]
    expect(codes(answers)).toEqual(['200 ok', '200 ok', '429 RATE_LIMITED'])
    expect(answers[2]?.body.id).toBeNull()
  })
})

describe('more than the server can do', () => {
  const agents = PRIORITIES.map((priority) => ({
    agent: priority,
    tenant: 't0',
    keyId: priority,
    secret: `secret-of-${priority}-agents`,
    scopes: ['mcp:tools:read'],
    priority,
  }))

  test('is shed by priority, batch first, critical hardly, and everybody is back soon after', async () => {
    await using desk = await open({
      SEED_AGENTS: JSON.stringify(agents),
      POOL_CHEAP: '1',
      QUEUE_MAX: '1000',
      ACQUIRE_TIMEOUT_MS: '1900',
      OVERLOAD_QUEUE_WAIT_MS: '120',
    })
    const tokenOf = (priority: Priority) => `mcp_${priority}_secret-of-${priority}-agents`
    for (const priority of PRIORITIES) await desk.call('list_tables', {}, tokenOf(priority))
    await using slow = await toxic(services.links.postgres, 'latency', { delayMs: 20 })
    const outcomes: { priority: Priority; code: string; atMs: number }[] = []
    const one = async (priority: Priority): Promise<void> => {
      const { status, data } = await desk.call('list_tables', {}, tokenOf(priority))
      outcomes.push({ priority, code: `${status} ${data.code ?? 'ok'}`, atMs: performance.now() })
    }
    const startedMs = performance.now()
    const calls: Promise<void>[] = []
    // Some 20 a second can be served: 8 critical, 30 normal and 30 batch calls are offered.
    for (let tick = 0; performance.now() - startedMs < 4_000; tick++) {
      if (tick % 4 === 0) calls.push(one('critical'))
      calls.push(one('normal'), one('batch'))
      await pause(33)
    }
    await Promise.all(calls)
    await slow.remove()
    const late = outcomes.filter(({ atMs }) => atMs - startedMs > 2_000)
    const shed = (priority: Priority): number => {
      const own = late.filter((outcome) => outcome.priority === priority)
      return own.filter(({ code }) => code === '503 OVERLOADED').length / own.length
    }
    expect(shed('batch')).toBeGreaterThan(0.5)
    expect(shed('batch') - shed('critical')).toBeGreaterThan(0.3)
    expect(shed('normal')).toBeLessThanOrEqual(shed('batch'))
    expect(shed('normal')).toBeGreaterThanOrEqual(shed('critical'))
    expect(await desk.metric('shed_total{tier="batch"}')).toBeGreaterThan(20)
    const all = async () => codes(await Promise.all(PRIORITIES.map((priority) => desk.call('list_tables', {}, tokenOf(priority)))))
    await expect.poll(all, { interval: 100, timeout: 4_000 }).toEqual(['200 ok', '200 ok', '200 ok'])
  })
})
