// The whole server over HTTP, against a real Postgres and Redis: what callers of both eras see when all is well.
import { randomUUID } from 'node:crypto'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS, told, toolCall } from './fixtures/desk.ts'

let services: DeskServices
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses)
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

/** What a key that may only read is shown. */
const READING = ['describe_table', 'get_customer', 'get_exchange_rate', 'list_folder', 'list_tables', 'quote_invoice', 'search_customers']

async function connected(pin: '2026-07-28' | undefined, token = TOKENS.t0): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, pin ? { versionNegotiation: { mode: { pin } } } : {})
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(desk.url), { requestInit }))
  return client
}

describe('the official client', () => {
  test.each(['2026-07-28', undefined] as const)('lists and calls every tool (%s)', async (pin) => {
    await using stack = new AsyncDisposableStack()
    const client = await connected(pin)
    stack.defer(() => client.close())
    const { tools } = await client.listTools()
    const wanted = [...READING, 'build_report', 'create_invoice', 'export_rows', 'run_query'].toSorted()
    expect(tools.map(({ name }) => name)).toEqual(wanted)
    const call = async (name: string, args: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: args })).structuredContent as Record<string, unknown>
    expect(await call('list_tables', {})).toEqual({
      tables: ['customers', 'documents', 'invoices', 'orders', 'refunds'].map((name) => expect.objectContaining({ name })),
    })
    expect(await call('describe_table', { table: 'customers' })).toMatchObject({
      columns: expect.arrayContaining([{ name: 'city', type: 'text', nullable: false }]),
    })
    expect(await call('run_query', { sql: 'select count(*) as n from customers' })).toEqual({ rows: [{ n: 200 }], truncated: false })
    const invoice = { customer: 'C-0001', amountCents: 500, currency: 'EUR' }
    expect(await call('create_invoice', invoice)).toMatchObject({
      customer: 'C-0001',
      invoiceNumber: expect.stringMatching(/^INV-\d{6}$/),
    })
  })

  test('sees only the tools that its key may call', async () => {
    await using stack = new AsyncDisposableStack()
    const client = await connected('2026-07-28', TOKENS.reader)
    stack.defer(() => client.close())
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(READING)
  })
})

describe('run_query', () => {
  const query = (sql: string, token = TOKENS.t0) => desk.call('run_query', { sql }, token)

  test("shows a tenant's own rows and nobody else's", async () => {
    for (const tenant of ['t0', 't1'] as const) {
      const { data } = await query('select distinct tenant from invoices', TOKENS[tenant])
      expect(data.rows).toEqual([{ tenant }])
    }
  })

  test.each([
    [
      'a tenant changed half-way',
      `with x as materialized (select set_config('app.tenant', 't1', true)) select tenant from x, invoices`,
      '42501',
    ],
    ['a second statement', 'select 1; drop table ledger.customers', '42601'],
    ['a way out of the transaction', 'commit; drop table ledger.customers', '42601'],
    ['the end of the subquery', 'select 1) as a; drop table ledger.customers; --', '42601'],
    ['a write', 'delete from customers returning 1', '42601'],
    ['a write in disguise', 'with gone as (delete from customers returning 1) select * from gone', '0A000'],
    ["the server's own records", 'select * from desk.agent_keys', '42501'],
    ['a lock that outlives it', 'select pg_advisory_lock(1)', '42501'],
    ['a file', `select pg_read_file('/etc/passwd')`, '42501'],
    ['nonsense', 'selec 1', '42601'],
  ])("refuses %s, and says so without the database's words", async (_, sql, sqlState) => {
    const { status, isError, data, body } = await query(sql)
    expect([status, isError, data.code]).toEqual([200, true, 'INVALID_ARGUMENTS'])
    expect(JSON.stringify(body)).toContain(`SQLSTATE ${sqlState}`)
  })

  test('ends in a comment, has a semicolon, and stops at its limit', async () => {
    const { data } = await desk.call('run_query', { sql: 'select id from customers; -- all of them'.replace('; --', ' --'), limit: 3 })
    expect([(data.rows as unknown[]).length, data.truncated]).toEqual([3, true])
    expect((await query('select 1 as one;')).data).toEqual({ rows: [{ one: 1 }], truncated: false })
  })

  test('leaves nothing behind on its connection', async () => {
    await query('select 1/0')
    await query('select pg_sleep(0.01)')
    expect((await query('select current_user::text as who')).data.rows).toEqual([{ who: 'app_readonly' }])
    expect(await services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and state like 'idle in%'`)).toEqual([])
  })

  test('cuts what is larger than the cap', async () => {
    const { data } = await query(`select repeat('x', 20000) as text from generate_series(1, 50)`)
    const rows = data.rows as unknown[]
    expect(data.truncated).toBe(true)
    expect(rows.length).toBeGreaterThan(5)
    expect(rows.length).toBeLessThan(14)
    expect((await query(`select repeat('x', 300000) as text`)).data.code).toBe('RESULT_TOO_LARGE')
  })
})

describe('create_invoice', () => {
  const invoice = { customer: 'C-0007', amountCents: 700, currency: 'EUR' }
  let key = ''
  beforeEach(() => {
    key = randomUUID()
  })
  const rows = () => services.postgres.query('select invoice_number from ledger.invoices where idempotency_key = $1', [key])
  /** Ends with its test: what it holds is free again. */
  async function otherTransaction(begin: string, values: string[] = []) {
    const client = new pg.Client({ connectionString: `postgres://postgres@${services.postgres.address}/postgres` })
    await client.connect()
    const end = () => client.end()
    await client.query('begin')
    await client.query(begin, values)
    return { end, [Symbol.asyncDispose]: end }
  }
  const COUNTER = `select 1 from ledger.invoice_counters where tenant = 't0' for update`

  test('ten at once with one key make one row and nine replays', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => desk.call('create_invoice', { ...invoice, idempotencyKey: key })))
    const replayed = answers.filter(({ body }) => (body.result as { _meta: { replayed?: boolean } })._meta.replayed)
    expect(answers.filter(({ isError }) => isError)).toEqual([])
    expect(replayed.length).toBe(9)
    expect(new Set(answers.map(({ data }) => JSON.stringify(data))).size).toBe(1)
    expect(await rows()).toHaveLength(1)
  })

  test('refuses another payload under a used key', async () => {
    await desk.call('create_invoice', { ...invoice, idempotencyKey: key })
    const { data } = await desk.call('create_invoice', { ...invoice, amountCents: 701, idempotencyKey: key })
    expect(data).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', retryable: false })
    expect(await rows()).toHaveLength(1)
  })

  test("an agent's key is its own", async () => {
    const first = await desk.call('create_invoice', { ...invoice, idempotencyKey: key })
    const other = await desk.call('create_invoice', { ...invoice, amountCents: 9, idempotencyKey: key }, TOKENS.t1)
    expect([first.isError, other.isError]).toEqual([false, false])
  })

  test('forgets the key of a write that was refused', async () => {
    const refused = await desk.call('create_invoice', { ...invoice, customer: 'Nobody', idempotencyKey: key })
    expect(refused.data.code).toBe('INVALID_ARGUMENTS')
    expect((await desk.call('create_invoice', { ...invoice, idempotencyKey: key })).isError).toBe(false)
  })

  test('says that a key is in progress while another transaction holds it, and takes it once it is free', async () => {
    await using hasty = await openDesk(services.addresses, { LOCK_TIMEOUT_MS: '50' })
    const held = `insert into desk.idempotency_keys values ('t0', 'agent-0', 'create_invoice', $1, 'hash')`
    await using other = await otherTransaction(held, [key])
    const answer = await hasty.call('create_invoice', { ...invoice, idempotencyKey: key })
    expect(answer.data).toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS', retryable: true, retryAfterMs: 1_000 })
    await other.end()
    await expect.poll(async () => (await hasty.call('create_invoice', { ...invoice, idempotencyKey: key })).isError).toBe(false)
    expect(await rows()).toHaveLength(1)
  })

  test('nine duplicates of a write that waits for a row are told that it is in progress; afterwards they are replays', async () => {
    await using patient = await openDesk(services.addresses, { LOCK_TIMEOUT_MS: '10000' })
    await using hasty = await openDesk(services.addresses, { LOCK_TIMEOUT_MS: '50' })
    await using other = await otherTransaction(COUNTER)
    const write = { ...invoice, idempotencyKey: key }
    const first = patient.call('create_invoice', write)
    const waiting = () => services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and wait_event_type = 'Lock'`)
    await expect.poll(waiting, { interval: 10 }).toHaveLength(1)
    const nine = () => Promise.all(Array.from({ length: 9 }, () => hasty.call('create_invoice', write)))
    expect(new Set((await nine()).map(({ data }) => data.code))).toEqual(new Set(['IDEMPOTENCY_IN_PROGRESS']))
    await other.end()
    const { isError, data } = await first
    const replays = await nine()
    expect([isError, ...replays.map((answer) => answer.isError)]).toEqual(Array.from({ length: 10 }, () => false))
    expect(replays.map((answer) => answer.data)).toEqual(Array.from({ length: 9 }, () => data))
    expect(await rows()).toHaveLength(1)
    expect(await hasty.metric('idempotency_total{outcome="in-progress"}')).toBe(9)
  })

  test("a counter that somebody else holds is not the key's fault", async () => {
    await using hasty = await openDesk(services.addresses, { LOCK_TIMEOUT_MS: '50' })
    await using other = await otherTransaction(COUNTER)
    const { data, isError, status } = await hasty.call('create_invoice', { ...invoice, idempotencyKey: key })
    await other.end()
    expect([status, isError, data.code, data.scope]).toEqual([200, true, 'DEPENDENCY_UNAVAILABLE', 'postgres'])
    expect(await hasty.metric('breaker_state{dependency="postgres"}')).toBe(0)
  })
})

describe('one line a request', () => {
  test('with ids, cost and outcome, and no value of an argument', async () => {
    await using other = await openDesk(services.addresses, { INSTANCE: 'server-9' })
    const ok = await other.call('run_query', { sql: `select 'hidden-value' as x` })
    await other.call('list_tables', {}, 'mcp_a0_not-the-right-secret')
    await fetch(other.url)
    expect(ok.headers.get('x-instance')).toBe('server-9')
    const lines = await other.requests(3)
    expect(lines).toEqual([
      expect.objectContaining({
        request_id: 'call-1',
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        tenant: 't0',
        agent_id: 'agent-0',
        tool_name: 'run_query',
        status: 'success',
        http_status: 200,
        argument_names: ['sql', 'limit'],
        instance: 'server-9',
      }),
      expect.objectContaining({ request_id: 'call-2', status: 'business-error', error_code: 'UNAUTHENTICATED', http_status: 401 }),
      expect.objectContaining({ error_code: 'METHOD_NOT_ALLOWED', http_status: 405 }),
    ])
    expect(JSON.stringify(lines)).not.toMatch(/hidden-value|not-the-right-secret/)
  })
})

describe('what cannot be read is refused by the table', () => {
  const good = toolCall('x', 'list_tables', {})
  const nested = `${'['.repeat(40)}${']'.repeat(40)}`
  test.each<[string, number, string, RequestInit]>([
    ['no token', 401, 'UNAUTHENTICATED', { headers: { ...headersOf('list_tables', 'x', ''), authorization: '' } }],
    ['another name in the header', 400, 'HEADER_MISMATCH', { headers: headersOf('run_query', 'x', TOKENS.t0) }],
    ['not JSON', 400, 'PARSE_ERROR', { body: '{' }],
    ['an array', 400, 'INVALID_REQUEST', { body: `[${good}]` }],
    ['a deep nest', 400, 'INVALID_REQUEST', { body: `{"a":${nested}}` }],
    ['too much', 413, 'REQUEST_TOO_LARGE', { body: `{"a":"${'x'.repeat(1_048_576)}"}` }],
    ['another type', 415, 'UNSUPPORTED_MEDIA_TYPE', { headers: { 'content-type': 'text/plain' } }],
    ['a foreign origin', 403, 'DENIED', { headers: { ...headersOf('list_tables', 'x', TOKENS.t0), origin: 'https://elsewhere.example' } }],
    [
      'no scope',
      403,
      'INSUFFICIENT_SCOPE',
      { headers: headersOf('run_query', 'x', TOKENS.reader), body: toolCall('x', 'run_query', { sql: 'x' }) },
    ],
  ])('%s: %i %s', async (_, status, code, change) => {
    const answer = await told(
      await fetch(desk.url, { method: 'POST', headers: headersOf('list_tables', 'x', TOKENS.t0), body: good, ...change }),
    )
    expect([answer.status, answer.data.code, answer.data.retryable]).toEqual([status, code, false])
  })

  test("an unknown tool is the specification's -32602", async () => {
    expect((await desk.call('drop_everything')).body).toMatchObject({ id: expect.any(String), error: { code: -32602 } })
  })

  test('wrong arguments name the field, as a tool result', async () => {
    const { status, isError, body } = await desk.call('describe_table', { table: 7 })
    expect([status, isError]).toEqual([200, true])
    expect(JSON.stringify(body)).toContain('table: ')
  })

  test('an agent whose client drops errors gets them as tool results, with the same data', async () => {
    await using strict = await openDesk(services.addresses, { AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' })
    await strict.call('list_tables', {}, TOKENS.toolSurface)
    const { status, isError, data } = await strict.call('list_tables', {}, TOKENS.toolSurface)
    expect([status, isError]).toEqual([200, true])
    expect(data).toMatchObject({ code: 'RATE_LIMITED', scope: 'agent', limit: 1, windowMs: 60_000, retryAfterMs: expect.any(Number) })
  })
})
