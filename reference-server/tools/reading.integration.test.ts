// Tools that read, over HTTP, against a real Postgres and Redis: what they give, page by page on two instances, and where they stop.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk, TOKENS, type Told } from '../fixtures/desk.ts'

let services: DeskServices
let desk: Desk
let other: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses, { REPORT_SECTION_MS: '20' })
  other = await openDesk(services.addresses, { INSTANCE: 'server-2' })
})

afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

type Rows = Record<string, unknown>[]

/** Every page of a list, each asked of the instance that did not give the one before. */
async function pages(tool: string, first: Record<string, unknown>, list: string): Promise<Rows[]> {
  const found: Rows[] = []
  let again: Record<string, unknown> | undefined = first
  while (again && found.length < 50) {
    const at: Desk = found.length % 2 === 0 ? desk : other
    const { data, isError }: Told = await at.call(tool, again)
    expect([isError, data.code]).toEqual([false, undefined])
    found.push(data[list] as Rows)
    expect(data.cursor !== undefined).toBe(data.truncated)
    const { sql: _, ...same } = first
    again = data.cursor === undefined ? undefined : { ...same, cursor: data.cursor }
  }
  return found
}

describe('customers', () => {
  test('are found by name, contact, account and e-mail; what distinguishes them is all that is told', async () => {
    const { data } = await desk.call('search_customers', { text: 'nordlys f' })
    const [first] = data.customers as Rows
    expect(first).toEqual({ account: 'C-0001', name: 'Nordlys Freight AS', city: expect.any(String) })
    const { data: whole } = await desk.call('get_customer', { account: 'C-0001' })
    expect(whole).toMatchObject({ email: 'billing@nordlys-freight.example', contact: expect.any(String), openInvoices: expect.any(Number) })
    for (const text of ['C-0001', 'Billing@Nordlys-Freight.example', String(whole.contact)]) {
      expect((await desk.call('search_customers', { text })).data.customers).toContainEqual(first)
    }
  })

  test('come in pages, on any instance, each once', async () => {
    const found = (await pages('search_customers', { text: 'in' }, 'customers')).flat()
    const { data } = await desk.call('run_query', {
      sql: `select count(*) as n from customers where name ilike '%in%' or contact ilike '%in%'`,
    })
    expect(found.length).toBe((data.rows as Rows)[0]?.n)
    expect(found.length).toBeGreaterThan(20)
    expect(new Set(found.map(({ account }) => account)).size).toBe(found.length)
  })

  test('signs that mean something to SQL are only signs', async () => {
    for (const text of ['%%', '__', `' or true --`, '\\\\'])
      expect((await desk.call('search_customers', { text })).data.customers).toEqual([])
  })

  test('one that is not there is told from one whose number is wrong', async () => {
    const missing = await desk.call('get_customer', { account: 'C-9999' })
    expect([missing.isError, missing.data.code]).toEqual([true, 'INVALID_ARGUMENTS'])
    expect((await desk.call('get_customer', { account: '1; drop' })).data.code).toBe('INVALID_ARGUMENTS')
  })
})

describe('run_query', () => {
  test('gives the next page on another instance', async () => {
    const found = await pages('run_query', { sql: 'select account from customers order by account', limit: 90 }, 'rows')
    expect(found.map((page) => page.length)).toEqual([90, 90, 20])
    expect(new Set(found.flat().map(({ account }) => account)).size).toBe(200)
  })

  test('what the cap cut is on the next page', async () => {
    const sql = `select n, repeat('x', 20000) as text from generate_series(1, 30) as n order by n`
    const found = (await pages('run_query', { sql, limit: 30 }, 'rows')).flat()
    expect(found.map(({ n }) => n)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  })

  test('wants a statement or a cursor, and not a cursor that nobody gave', async () => {
    for (const args of [{}, { sql: 'select 1', cursor: 'x' }, { cursor: 'never-given' }]) {
      expect((await desk.call('run_query', args)).data.code).toBe('INVALID_ARGUMENTS')
    }
  })

  test.each([
    ['the end of another session', 'select pg_terminate_backend(1)'],
    ['text that is run as SQL', `select query_to_xml('select 1', true, false, '')`],
    ['a word into the log of changes', `select pg_logical_emit_message(false, 'x', 'y')`],
    ['a lock for the transaction', 'select pg_advisory_xact_lock(7310001)'],
    ['what others run', 'select query from pg_stat_activity'],
    ['how the server is set up', 'select name from pg_settings'],
  ])('refuses %s', async (_, sql) => {
    const { data, body } = await desk.call('run_query', { sql })
    expect(data.code).toBe('INVALID_ARGUMENTS')
    expect(JSON.stringify(body)).toContain('SQLSTATE 42501')
  })

  test.each([
    ['deeper JSON', `select (repeat('[', 5000) || repeat(']', 5000))::json as deep`],
    ['an array of it', `select array[(repeat('[', 5000) || repeat(']', 5000))::json] as deep`],
  ])('gives %s than anybody writes down as text', async (_, sql) => {
    const { rows } = (await desk.call('run_query', { sql })).data as { rows: [{ deep: string }] }
    expect(rows[0].deep).toContain('['.repeat(5_000))
  })

  test('may not fill the disk', async () => {
    const { data, body } = await desk.call('run_query', {
      sql: `select count(text) from (select n, repeat(md5(n::text), 20) as text from generate_series(1, 200000) as n order by n desc offset 0) as sorted`,
    })
    expect([data.code, JSON.stringify(body)]).toEqual(['INVALID_ARGUMENTS', expect.stringContaining('SQLSTATE 53400')])
  })

  test('has what sums and groups need', async () => {
    const sql = `select date_trunc('month', issued_on) as month, count(*), sum(amount_cents), round(avg(amount_cents)), string_agg(distinct currency, ',')
                 from invoices join customers on customers.id = customer_id where lower(city) like 'o%' group by 1 order by 1`
    expect((await desk.call('run_query', { sql })).data.rows).toHaveLength(12)
  })
})

describe('list_folder', () => {
  test('leads from the root to every file, and to nothing twice', async () => {
    const waiting = ['/reports', '/archive']
    const files: string[] = []
    for (let path = waiting.shift(); path !== undefined && files.length < 100; path = waiting.shift()) {
      const { data } = await desk.call('list_folder', { path })
      files.push(...(data.files as Rows).map((file) => String(file.path)))
      waiting.push(...(data.folders as Rows).map((folder) => String(folder.path)))
    }
    expect([files.length, new Set(files).size]).toEqual([28, 28])
    expect(((await desk.call('list_folder')).data.folders as Rows).map(({ name }) => name)).toEqual([
      'archive',
      'contracts',
      'invoices',
      'reports',
    ])
  })

  test('a large one comes in pages, folders first', async () => {
    await services.postgres.query(`insert into ledger.documents
      select 't0', '/bulk' || part, case part when '' then '/' else '/bulk' end, kind, 1, '2026-01-01'
      from (select '' as part, 'folder' as kind union all select '/d' || n, 'folder' from generate_series(1, 210) as n
            union all select '/f' || n, 'file' from generate_series(1, 230) as n) as made
      on conflict do nothing`)
    const found = await pages('list_folder', { path: '/bulk' }, 'files')
    expect(found.map((page) => page.length)).toEqual([0, 190, 40])
    expect(new Set(found.flat().map(({ path }) => path)).size).toBe(230)
  })

  test.each([
    '',
    'invoices',
    '/../t1',
    '/contracts/..',
    '/./invoices',
    '//invoices',
    '/invoices/',
    '/a\\b',
    '/a\u0000b',
    '/nowhere',
    '/%2e%2e',
  ])('refuses %j', async (path) => {
    const { isError, data } = await desk.call('list_folder', { path })
    expect([isError, data.code]).toEqual([true, 'INVALID_ARGUMENTS'])
  })
})

describe('export_rows', () => {
  test('gives all of a table in as many answers as it takes, none larger than the cap', async () => {
    const found = await pages('export_rows', { table: 'invoices' }, 'rows')
    const [{ n } = { n: 0 }] = await services.postgres.query(`select count(*)::int as n from ledger.invoices where tenant = 't0'`)
    expect(found.length).toBeGreaterThan(2)
    for (const page of found) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(262_144)
    const ids = found.flat().map(({ id }) => id)
    expect([ids.length, new Set(ids).size]).toEqual([n, n])
    expect(found[0]?.[0]).not.toHaveProperty('tenant')
  })

  test('a value that fits nowhere is told as such', async () => {
    const { data } = await desk.call('run_query', { sql: `select repeat('x', 300000) as text` })
    expect(data).toMatchObject({ code: 'RESULT_TOO_LARGE', retryable: false, limit: 262_144 })
  })
})

describe('build_report', () => {
  test('sums up the year, and agrees with the table', async () => {
    const { data } = await desk.call('build_report', { year: 2026 })
    const months = data.months as { totals: { invoices: number }[] }[]
    const counted = months.flatMap(({ totals }) => totals).reduce((sum, { invoices }) => sum + invoices, 0)
    const { data: asked } = await desk.call('run_query', {
      sql: 'select count(*) as n from invoices where extract(year from issued_on) = 2026',
    })
    expect([months.length, counted]).toEqual([12, (asked.rows as Rows)[0]?.n])
  })
})

test('tools of another scope are neither listed nor callable', async () => {
  for (const tool of [
    'run_query',
    'export_rows',
    'build_report',
    'create_invoice',
    'refund_order',
    'review_refund',
    'manage_agent',
    'export_audit',
  ]) {
    const { status, data, headers } = await desk.call(tool, {}, TOKENS.reader)
    expect([status, data.code], tool).toEqual([403, 'INSUFFICIENT_SCOPE'])
    expect(headers.get('www-authenticate'), tool).toMatch(/error="insufficient_scope", scope="mcp:tools:read mcp:/)
  }
  expect((await desk.call('refund_order', {}, TOKENS.t0)).data.code).toBe('INSUFFICIENT_SCOPE')
})

describe('a row that nobody could hold', () => {
  test('is cut off while it comes: an error, no memory, no outage, and the next call has a connection', async () => {
    const before = process.memoryUsage().rss
    for (let i = 0; i < 3; i++) {
      const { data } = await desk.call('run_query', { sql: `select repeat('x', 20000000 + n) as text from generate_series(1, 50) as n` })
      expect([data.code, data.retryable]).toEqual(['RESULT_TOO_LARGE', false])
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
    expect(await desk.metric('breaker_state{dependency="postgres"}')).toBe(0)
    expect((await desk.call('run_query', { sql: 'select 1 as one' })).data.rows).toEqual([{ one: 1 }])
    await expect
      .poll(() =>
        services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and query like '%repeat%' and state = 'active'`),
      )
      .toEqual([])
  })
})

describe('while Redis is away', () => {
  test('a page is cut without a cursor, and says so; a cursor cannot be followed, and says when', async () => {
    const cursorGiven = async () => (await desk.call('search_customers', { text: 'in' })).data.cursor
    // In a try after another one Redis has only just come back.
    await expect.poll(cursorGiven, { timeout: 8_000 }).toBeDefined()
    const cursor = await cursorGiven()
    await using _down = await toxic(services.links.redis, 'down', {})
    await expect.poll(cursorGiven, { timeout: 3_000 }).toBeUndefined()
    const { data } = await desk.call('search_customers', { text: 'in' })
    expect([data.truncated, (data.customers as Rows).length]).toEqual([true, 20])
    const next = await desk.call('search_customers', { text: 'in', cursor })
    expect([next.isError, next.data.code, next.data.scope, next.data.retryable]).toEqual([true, 'DEPENDENCY_UNAVAILABLE', 'redis', true])
  })
})
