// No argument leads from one tenant to another: everything of t1 that can be named is named by t0, in every tool, resource and
// cursor; what comes back must not hold a word that was planted there. Then each lock alone: row-level security without the
// handler's look, the handler's look without row-level security.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS, type Told, told } from './fixtures/desk.ts'

let services: DeskServices
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses)
  await services.postgres.query(`
    with customer as (
      insert into ledger.customers (tenant, account, name, email, city, contact, phone)
      values ('t1', 'C-7777', 'Planted Ltd', 'planted@planted.test', 'Planted', 'Planted Person', '+00 planted') returning id
    ), bill as (
      insert into ledger.invoices (tenant, invoice_number, customer_id, amount_cents, currency, memo, created_by)
      select 't1', 'INV-777777', id, 777, 'EUR', 'planted memo', 'planted' from customer
    ), bought as (
      insert into ledger.orders (tenant, order_number, customer_id, amount_cents, currency, status, placed_on)
      select 't1', 'ORD-777777', id, 777000, 'EUR', 'placed', current_date from customer
    )
    insert into ledger.documents values ('t1', '/planted', '/', 'folder', 0, '2026-01-01'), ('t1', '/planted/planted.txt', '/planted', 'file', 1, '2026-01-01')`)
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

const thief = (tool: string, args: Record<string, unknown>) => desk.call(tool, args, TOKENS.every0)
const owner = (tool: string, args: Record<string, unknown>) => desk.call(tool, args, TOKENS.every1)
const period = { from: '2026-01-01', to: '2100-01-01' }
const sqlAt = (table: string) => `select * from ${table} where tenant = 't1'`

test('what was planted is there for its owner', async () => {
  for (const [tool, args] of [
    ['search_customers', { text: 'planted' }],
    ['get_customer', { account: 'C-7777' }],
    ['list_folder', { path: '/planted' }],
    ['run_query', { sql: `select memo from invoices where memo like 'planted%'` }],
  ] as const) {
    expect(JSON.stringify((await owner(tool, args)).data).toLowerCase(), tool).toContain('planted')
  }
})

describe('nothing of another tenant comes back from', () => {
  test.each<[string, Record<string, unknown>]>([
    ['search_customers', { text: 'planted' }],
    ['search_customers', { text: `x' or tenant = 't1' or name like '%` }],
    ['search_customers', { text: 'planted@planted.test' }],
    ['get_customer', { account: 'C-7777' }],
    ['quote_invoice', { invoiceNumber: 'INV-777777', currency: 'USD' }],
    ['create_invoice', { customer: 'C-7777', amountCents: 1, currency: 'EUR' }],
    ['create_invoice', { customer: 'Planted Ltd', amountCents: 1, currency: 'EUR' }],
    ['refund_order', { orderNumber: 'ORD-777777', amountCents: 1, reason: 'mine', idempotencyKey: 'thief' }],
    ['list_folder', { path: '/planted' }],
    ['list_folder', { path: '/t1/planted' }],
    ['list_folder', { path: '/' }],
    ['run_query', { sql: sqlAt('customers') }],
    ['run_query', { sql: sqlAt('documents') }],
    ['run_query', { sql: `select * from ledger.customers where name like 'Planted%'` }],
    ['run_query', { sql: `select * from customers union all select * from ledger.customers` }],
    ['run_query', { sql: `select set_config('app.tenant', 't1', true), customers.* from customers` }],
    ['run_query', { sql: `select * from desk.audit` }],
    ['run_query', { sql: `select most_common_vals from pg_stats where tablename = 'customers'` }],
    ['run_query', { sql: `select name from customers where 1 / (case when name like 'Planted%' then 0 else 1 end) = 1` }],
    ['export_rows', { table: 'customers' }],
    ['export_rows', { table: 'invoices; select 1' }],
    ['usage_report', period],
    ['export_audit', period],
    ['manage_agent', { keyId: 'e1', revoke: true }],
    ['manage_agent', { keyId: 'a1', tier: 'free' }],
  ])('%s %j', async (tool, args) => {
    const { body, data } = await thief(tool, args)
    expect(JSON.stringify(body).toLowerCase()).not.toMatch(/planted|every-1|agent-1/)
    if (['get_customer', 'quote_invoice', 'create_invoice', 'refund_order', 'manage_agent'].includes(tool))
      expect(data.code).toBe('INVALID_ARGUMENTS')
  })

  test('and nothing of it was changed', async () => {
    const rows = await services.postgres.query<{ refunded: string; keys: number }>(
      `select (select refunded_cents::text from ledger.orders where order_number = 'ORD-777777') as refunded,
              (select count(*)::int from desk.agent_keys where tenant = 't1' and (revoked_at is not null or tier <> 'paid')) as keys`,
    )
    expect(rows).toEqual([{ refunded: '0', keys: 0 }])
  })
})

test.each<[string, Record<string, unknown>]>([
  ['run_query', { sql: 'select * from customers order by id desc', limit: 1 }],
  ['search_customers', { text: 'in' }],
  ['export_rows', { table: 'invoices' }],
])("a cursor of another tenant's %s is nobody's", async (tool, args) => {
  const { data } = await owner(tool, args)
  expect(data.cursor).toEqual(expect.any(String))
  const { sql: _, ...same } = args
  const stolen = await thief(tool, { ...same, cursor: data.cursor })
  expect([stolen.data.code, JSON.stringify(stolen.body)]).toEqual(['INVALID_ARGUMENTS', expect.stringContaining('unknown or too old')])
  // Not of another tool either.
  expect((await owner('list_folder', { cursor: data.cursor })).data.code).toBe('INVALID_ARGUMENTS')
})

test("another tenant's idempotency key gives neither its answer nor a hint that it exists", async () => {
  const idempotencyKey = randomUUID()
  const invoice = { customer: 'C-0001', amountCents: 1_234, currency: 'EUR', idempotencyKey }
  const theirs = await owner('create_invoice', { ...invoice, memo: 'planted' })
  const ours = await thief('create_invoice', { ...invoice, memo: 'ours' })
  expect([theirs.isError, ours.isError, (ours.body.result as { _meta?: { replayed?: boolean } })._meta?.replayed]).toEqual([
    false,
    false,
    undefined,
  ])
  const memos = 'select tenant, memo from ledger.invoices where idempotency_key = $1 order by tenant'
  expect(await services.postgres.query(memos, [idempotencyKey])).toEqual([
    { tenant: 't0', memo: 'ours' },
    { tenant: 't1', memo: 'planted' },
  ])
})

test("another tenant's review can be neither seen nor decided", async () => {
  const refund = { orderNumber: 'ORD-777777', amountCents: 700_000, reason: 'planted reason', idempotencyKey: 'large' }
  const { data } = await owner('refund_order', refund)
  expect(data.code).toBe('POLICY_REVIEW_REQUIRED')
  for (const token of [TOKENS.every0, TOKENS.approver]) {
    const stolen = await desk.call('review_refund', { reviewId: data.reviewId, decision: 'approve', reason: 'as I like' }, token)
    expect([stolen.data.code, JSON.stringify(stolen.body)]).toEqual(['INVALID_ARGUMENTS', expect.stringContaining('no review of this id')])
  }
  expect((await owner('refund_order', refund)).data.code).toBe('POLICY_REVIEW_REQUIRED')
})

describe('resources', () => {
  const ask = async (method: string, params: Record<string, unknown>, token = TOKENS.every0): Promise<Told> => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const headers = { ...headersOf('x', 'r', token), 'mcp-method': method, 'mcp-name': String(params.uri ?? params.name ?? '') }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'r', method, params: { ...params, _meta } })
    return await told(await fetch(desk.url, { method: 'POST', headers, body }))
  }

  test('and tools come on one page, so another one is not there', async () => {
    const { status, body } = await ask('tools/list', { cursor: 'x' })
    expect([status, (body.error as { code: number }).code]).toEqual([expect.any(Number), -32602])
  })

  test('list and give the schema, and no row', async () => {
    const listed = (await ask('resources/list', {})).body.result as { resources: { uri: string }[] }
    const uris = listed.resources.map(({ uri }) => uri)
    expect(uris).toEqual(['customers', 'documents', 'invoices', 'orders', 'refunds'].map((name) => `schema://${name}`))
    const read = (await ask('resources/read', { uri: 'schema://orders' })).body.result as { contents: { text: string }[] }
    expect(JSON.parse(read.contents[0]?.text ?? '')).toMatchObject({
      table: 'orders',
      columns: expect.arrayContaining([expect.objectContaining({ name: 'refunded_cents' })]),
    })
  })

  test.each([
    'schema://agent_keys',
    'schema://../desk/audit',
    'schema://invoice_counters',
    'file:///etc/passwd',
    `schema://orders' or true --`,
    'schema://t1.orders',
  ])('%s is not there', async (uri) => {
    const { status, body } = await ask('resources/read', { uri })
    expect([status, (body.error as { code: number }).code]).toEqual([expect.any(Number), -32602])
  })

  test('want their own scope, which no tool needs', async () => {
    const { status, data, headers } = await ask('resources/read', { uri: 'schema://orders' }, TOKENS.t0)
    expect([status, data.code, data.scope]).toEqual([403, 'INSUFFICIENT_SCOPE', 'mcp:resources:read'])
    expect(headers.get('www-authenticate')).toContain('scope="mcp:resources:read"')
  })

  test('the prompt fills in its month, and wants one', async () => {
    const got = (await ask('prompts/get', { name: 'monthly-summary', arguments: { month: '2026-03' } })).body.result as {
      messages: unknown[]
    }
    expect(JSON.stringify(got.messages)).toContain('2026-03')
    for (const params of [{ name: 'monthly-summary', arguments: { month: 'March' } }, { name: 'yearly' }]) {
      expect(((await ask('prompts/get', params)).body.error as { code: number }).code).toBe(-32602)
    }
  })
})

describe('each lock alone', () => {
  test('every table that names a tenant has row-level security; keys are looked up before there is a tenant', async () => {
    const open = await services.postgres.query(`
      select class.relname as name from pg_class as class
      join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attname = 'tenant'
      where class.relkind = 'r' and class.relnamespace in ('ledger'::regnamespace, 'desk'::regnamespace) and not class.relrowsecurity`)
    expect(open).toEqual([{ name: 'agent_keys' }])
  })

  test('a query without its filter finds nothing of others', async () => {
    const client = new pg.Client({ connectionString: `postgres://app@${services.postgres.address}/postgres` })
    await client.connect()
    try {
      for (const table of [
        'ledger.customers',
        'ledger.invoices',
        'ledger.orders',
        'ledger.refunds',
        'ledger.documents',
        'desk.reviews',
        'desk.audit',
        'desk.usage',
        'desk.idempotency_keys',
      ]) {
        await client.query(`begin; set local app.tenant = 't0'`)
        const { rows } = await client.query(`select count(*)::int as n from ${table} where tenant <> 't0'`)
        await client.query('rollback')
        expect([table, rows[0].n]).toEqual([table, 0])
        expect((await client.query(`select count(*)::int as n from ${table}`)).rows[0].n, `${table} without a tenant`).toBe(0)
      }
    } finally {
      await client.end()
    }
  })

  test('and without row-level security the handler still lets nothing out', async () => {
    await services.postgres.query(`create policy broken on ledger.customers using (true);
      create policy broken on ledger.documents using (true)`)
    try {
      for (const [tool, args] of [
        ['get_customer', { account: 'C-7777' }],
        ['search_customers', { text: 'planted' }],
        ['list_folder', { path: '/planted' }],
        ['export_rows', { table: 'customers' }],
      ] as const) {
        const { body } = await thief(tool, args)
        expect(JSON.stringify(body).toLowerCase(), tool).not.toContain('planted')
      }
    } finally {
      await services.postgres.query('drop policy broken on ledger.customers; drop policy broken on ledger.documents')
    }
  })
})
