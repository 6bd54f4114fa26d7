// What an administrator asks and changes, over HTTP against a real Postgres and Redis: cost, the audit log, keys; felt by all instances.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk, TOKENS } from '../fixtures/desk.ts'

let services: DeskServices
let desk: Desk
let other: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses, { USAGE_FLUSH_MS: '50' })
  other = await openDesk(services.addresses, { INSTANCE: 'server-2', USAGE_FLUSH_MS: '50' })
})

afterAll(async () => {
  await other?.[Symbol.asyncDispose]()
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

type Rows = Record<string, unknown>[]
const today = () => new Date().toISOString().slice(0, 10)
const period = () => ({ from: today(), to: today() })
const admin = (tool: string, args: Record<string, unknown> = {}, at = desk) => at.call(tool, args, TOKENS.every0)
/** A change is felt within a second by every instance. */
const SOON = { interval: 50, timeout: 2_000 }

describe('usage_report', () => {
  beforeEach(async () => {
    for (const at of [desk, other]) await at.running.usage.flush()
    await services.postgres.query('delete from desk.usage')
  })

  test('sums what all instances counted, by agent and tool', async () => {
    await Promise.all([1, 2, 3].map((i) => (i === 3 ? other : desk).call('run_query', { sql: `select ${i} as n, pg_sleep(0.02)` })))
    await desk.call('run_query', { sql: 'selec' })
    const usage = async () => {
      const { data } = await admin('usage_report', period(), other)
      return (data.usage as Rows).find(({ agent, tool }) => agent === 'agent-0' && tool === 'run_query')
    }
    await expect.poll(async () => (await usage())?.calls, SOON).toBe(4)
    const row = await usage()
    expect(row).toMatchObject({ errors: 1, upstreamMs: 0 })
    expect(Number(row?.postgresMs)).toBeGreaterThanOrEqual(60)
    expect(Number(row?.tokensIn)).toBeGreaterThan(20)
  })

  test('keeps its counts while Postgres does not take them', async () => {
    await services.postgres.query('revoke insert on desk.usage from app')
    try {
      await other.call('describe_table', { table: 'orders' }, TOKENS.t1)
      await other.running.usage.flush()
    } finally {
      await services.postgres.query('grant insert on desk.usage to app')
    }
    await other.running.usage.flush()
    expect(await services.postgres.query(`select calls::int from desk.usage where tool = 'describe_table'`)).toEqual([{ calls: 1 }])
  })
})

describe('export_audit', () => {
  beforeEach(() => services.postgres.query('delete from desk.audit'))

  test('gives who wrote what with which token as NDJSON, in pages, and never the arguments', async () => {
    const invoice = { customer: 'C-0003', amountCents: 900, currency: 'EUR', memo: 'for nobody to read' }
    await Promise.all([1, 2, 3].map(() => desk.call('create_invoice', invoice)))
    const { data, body } = await admin('export_audit', period())
    const entries = (data.entries as Rows).filter(({ tool }) => tool === 'create_invoice')
    expect(entries).toHaveLength(3)
    expect(entries[0]).toMatchObject({
      keyId: 'a0',
      agent: 'agent-0',
      requestId: expect.stringMatching(/^call-/),
      traceId: '0af7651916cd43dd8448eb211c80319c',
      argumentsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    const [{ text } = { text: '' }] = (body.result as { content: { text: string }[] }).content
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(data.entries)
    expect(text).not.toMatch(/nobody to read|C-0003/)
  })

  test('continues on another instance, and knows that it was read', async () => {
    await services.postgres.query(`insert into desk.audit (tenant, agent, key_id, tool, arguments_hash, request_id)
      select 't0', 'bulk', 'k', 'bulk', 'h', 'r' || n from generate_series(1, 1500) as n`)
    const ids: unknown[] = []
    let cursor: unknown
    for (let page = 0; page === 0 || cursor !== undefined; page++) {
      const at = page % 2 ? other : desk
      const { data } = await admin('export_audit', { ...period(), ...(cursor !== undefined && { cursor }) }, at)
      ids.push(...(data.entries as Rows).filter(({ tool }) => tool === 'bulk').map(({ id }) => id))
      cursor = data.cursor
      expect(page).toBeLessThan(10)
    }
    expect([ids.length, new Set(ids).size]).toEqual([1_500, 1_500])
    const read = await services.postgres.query(`select key_id from desk.audit where tool = 'export_audit'`)
    expect(read.length).toBeGreaterThan(1)
  })

  test('reaches as far back as the tier keeps it', async () => {
    await services.postgres.query(`insert into desk.audit (tenant, agent, key_id, tool, arguments_hash, request_id, at)
      values ('t0', 'old', 'k', 'old', 'h', 'r', now() - interval '89 days'), ('t0', 'old', 'k', 'old', 'h', 'r', now() - interval '92 days')`)
    const weekAgo = new Date(Date.now() - 7 * 86_400_000).toISOString().slice(0, 10)
    const { data } = await admin('export_audit', { from: '2020-01-01', to: weekAgo })
    expect((data.entries as Rows).filter(({ tool }) => tool === 'old')).toHaveLength(1)
  })
})

describe('retention', () => {
  beforeEach(() =>
    services.postgres.query(`delete from desk.audit where agent = 'kept'; delete from desk.idempotency_keys where agent = 'a';
      delete from desk.usage where agent = 'a'`),
  )

  test('takes away what no tier keeps, of each tenant by its own best tier, and nothing else', async () => {
    await services.postgres.query(`update desk.agent_keys set tier = 'enterprise' where key_id = 'a1'`)
    await services.postgres.query(`insert into desk.audit (tenant, agent, key_id, tool, arguments_hash, request_id, at)
      select tenant, 'kept', 'k', days || ' days', 'h', 'r', now() - make_interval(days => days)
      from unnest(array['t0', 't1', 'elsewhere']) as tenant, unnest(array[80, 100, 370]) as days`)
    await services.postgres.query(`insert into desk.idempotency_keys (tenant, agent, tool, key, arguments_hash, created_at)
      values ('t0', 'a', 't', 'old', 'h', now() - interval '31 days'), ('t0', 'a', 't', 'young', 'h', now())`)
    await services.postgres.query(`insert into desk.usage values ('t0', now() - interval '401 days', 'a', 't', 1, 0, 0, 0, 0)`)
    // Two instances at once skip each other's rows, and may leave some for the next time.
    await Promise.all([desk.running.retention.run(), other.running.retention.run()])
    await desk.running.retention.run()
    const kept = await services.postgres.query(`select tenant, tool from desk.audit where agent = 'kept' order by tenant, id`)
    expect(kept.map(({ tenant, tool }) => `${tenant}: ${tool}`)).toEqual([
      ...['elsewhere: 80 days', 'elsewhere: 100 days'],
      't0: 80 days',
      ...['t1: 80 days', 't1: 100 days'],
    ])
    expect(await services.postgres.query(`select key from desk.idempotency_keys where agent = 'a'`)).toEqual([{ key: 'young' }])
    expect(await services.postgres.query(`select 1 from desk.usage where agent = 'a'`)).toEqual([])
  })

  test('leaves a database that is away alone', async () => {
    await services.postgres.query('revoke execute on function desk.expire from app')
    try {
      expect(await desk.running.retention.run()).toBe(0)
    } finally {
      await services.postgres.query('grant execute on function desk.expire to app')
    }
  })
})

describe('manage_agent', () => {
  test('takes a key away from all instances within a second, for good', async () => {
    const keyId = randomUUID()
    const token = TOKENS.reader.replace('r0', keyId)
    await services.postgres.query(
      `insert into desk.agent_keys (key_id, secret_hash, agent, tenant, scopes)
       select $1, secret_hash, agent, tenant, scopes from desk.agent_keys where key_id = 'r0'`,
      [keyId],
    )
    expect((await other.call('list_tables', {}, token)).status).toBe(200)
    const { data } = await admin('manage_agent', { keyId, revoke: true })
    expect(data).toMatchObject({ keyId, agent: 'reader', revoked: true })
    for (const at of [desk, other]) {
      await expect.poll(async () => (await at.call('list_tables', {}, token)).status, SOON).toBe(401)
    }
    expect((await admin('manage_agent', { keyId, tier: 'free' })).data.revoked).toBe(true)
    expect((await desk.call('list_tables', {}, token)).data.code).toBe('UNAUTHENTICATED')
  })

  test('changes limits while the server runs, on all instances, and gives them back to the tier', async () => {
    const limits = { ratePerMinute: 60, burst: 1 }
    // Of the limits of a try before this one a second may be left.
    await expect.poll(async () => (await other.call('list_tables', {}, TOKENS.toolSurface)).isError, SOON).toBe(false)
    expect((await admin('manage_agent', { keyId: 's0', limits })).data.limits).toEqual(limits)
    const limited = async (at: Desk) => {
      const two = await Promise.all([1, 2].map(() => at.call('list_tables', {}, TOKENS.toolSurface)))
      return two.some(({ data }) => data.code === 'RATE_LIMITED')
    }
    for (const at of [other, desk]) await expect.poll(() => limited(at), SOON).toBe(true)
    const { data } = await admin('manage_agent', { keyId: 's0', limits: { ratePerMinute: null, burst: null }, tier: 'enterprise' })
    expect([data.limits, data.tier]).toEqual([{}, 'enterprise'])
    for (const at of [other, desk]) await expect.poll(() => limited(at), SOON).toBe(false)
  })

  test('leaves an audit row with each change, and none where nothing was found', async () => {
    const rows = () => services.postgres.query(`select key_id, tenant from desk.audit where tool = 'manage_agent'`)
    const before = await rows()
    expect(new Set(before.map(({ key_id: keyId }) => keyId))).toEqual(new Set(['e0']))
    expect((await admin('manage_agent', { keyId: 'nobody', revoke: true })).data.code).toBe('INVALID_ARGUMENTS')
    expect(await rows()).toHaveLength(before.length)
  })
})
