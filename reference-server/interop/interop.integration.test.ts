// Real clients against the server: each calls every tool, reads, pages, follows progress, gives a call up, and is refused in every way
// there is. What each lets its host see of a refusal is docs/clients.md, written from these runs (`npm run clients`).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensurePythonMcp } from '../../setup.mjs'
import { type DeskServices, startDeskServices, toxic } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk } from '../fixtures/desk.ts'
import { driveClientV2 } from './client-v2.ts'
import { clientsPage } from './clients-page.ts'
import type { Plan, Seen } from './plan.ts'
import { driveSdkV1 } from './sdk-v1.ts'

const PAGE = path.join(import.meta.dirname, '../../docs/clients.md')
const DRIVE_MS = 60_000
const EVERY = ['read', 'query', 'write', 'money'].map((name) => `mcp:tools:${name}`).concat('mcp:approve', 'mcp:admin', 'mcp:resources:read')
const secret = 'secret-of-an-interop-client'
const DRIVERS = ['v2-2026', 'v2-2025', 'v1', 'python-2026', 'python-2025'] as const
type Driver = (typeof DRIVERS)[number]

let services: DeskServices
let desks: Record<'main' | 'strict' | 'hasty' | 'cutOff', Desk>
const seen = {} as Record<Driver, Seen>

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  const redis = services.links.redis?.address ?? ''
  const direct = { postgres: services.postgres.address, redis }
  const agents = ['clerk', 'spare', 'poor', ...DRIVERS, ...DRIVERS.map(spender)].map((name) => {
    const scopes = name === 'poor' ? ['mcp:tools:read'] : EVERY
    return { agent: name, tenant: 't0', keyId: name, secret, scopes, tier: 'paid' }
  })
  const common: Record<string, string> = { SEED_AGENTS: JSON.stringify(agents), OVERLOAD_LOOP_DELAY_MS: '60000', REPORT_SECTION_MS: '10' }
  desks = {
    main: await openDesk(direct, { ...common, RESULT_MAX_BYTES: '16384' }),
    strict: await openDesk(direct, { ...common, AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' }),
    hasty: await openDesk(direct, { ...common, DEADLINE_LONGEST_MS: '300' }),
    cutOff: await openDesk({ postgres: services.links.postgres?.address ?? '', redis }, common),
  }
  // Its keys are known before it loses its database: what it refuses then is the call, not the caller.
  for (const name of DRIVERS) await desks.cutOff.call('list_tables', {}, tokenOf(name))
  await toxic(services.links.postgres, 'down', {})
})

afterAll(async () => {
  for (const desk of Object.values(desks ?? {})) await desk[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

/** Desks share one Redis: what is spent on a strict one must not be missing elsewhere. */
const spender = (name: string) => `${name}-spender`
const tokenOf = (name: string) => `mcp_${name}_${secret}`

async function planFor(name: Driver, era: Plan['era']): Promise<Plan> {
  const { main, strict, hasty, cutOff } = desks
  const token = tokenOf(name)
  const cheap = { tool: 'list_tables', arguments: {}, token }
  const slow = { tool: 'run_query', arguments: { sql: 'select pg_sleep(2)' } }
  const refund = { orderNumber: 'ORD-000007', amountCents: 100, reason: 'arrived broken' }
  const large = { ...refund, orderNumber: 'ORD-000008', amountCents: 999_999_999, idempotencyKey: `large-${name}` }
  const asked = await main.call('refund_order', large, tokenOf('clerk'))
  const today = new Date().toISOString().slice(0, 10)
  return {
    url: main.url,
    token,
    era,
    arguments: {
      build_report: { year: 2026 },
      create_invoice: { customer: 'C-0001', amountCents: 500, currency: 'EUR', idempotencyKey: `invoice-${name}` },
      describe_table: { table: 'invoices' },
      export_audit: { from: today, to: today },
      export_rows: { table: 'refunds' },
      get_customer: { account: 'C-0001' },
      get_exchange_rate: { base: 'EUR', quote: 'USD' },
      manage_agent: { keyId: 'spare', tier: 'enterprise' },
      quote_invoice: { invoiceNumber: 'INV-000001', currency: 'USD' },
      refund_order: { ...refund, idempotencyKey: `refund-${name}` },
      review_refund: { reviewId: asked.data.reviewId, decision: 'reject', reason: 'far too much' },
      run_query: { sql: 'select count(*) as n from invoices' },
      search_customers: { text: 'Customer' },
      usage_report: { from: today, to: today },
    },
    resource: 'schema://invoices',
    prompt: { name: 'monthly-summary', arguments: { month: '2026-03' } },
    pages: { tool: 'export_rows', arguments: { table: 'customers' } },
    progress: { tool: 'build_report', arguments: { year: 2026 } },
    cancel: slow,
    cancelAfterMs: 200,
    refusals: {
      'too many calls (429)': { ...cheap, url: strict.url, token: tokenOf(spender(name)), spend: true },
      'dependency away (503)': { ...cheap, url: cutOff.url },
      'unknown token (401)': { ...cheap, url: main.url, token: tokenOf('nobody') },
      'missing scope (403)': { ...slow, url: main.url, token: tokenOf('poor') },
      'wrong arguments (isError)': { ...cheap, url: main.url, tool: 'describe_table', arguments: { table: 'nothing' } },
      'deadline (isError)': { ...slow, url: hasty.url, token },
    },
  }
}

async function drivePython(plan: Plan): Promise<Seen> {
  const folder = await ensurePythonMcp()
  const child = spawn('python3', [path.join(import.meta.dirname, 'drive.py')], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(DRIVE_MS),
  })
  child.stdin.end(JSON.stringify(plan))
  const [[code], said, complained] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`the Python client ended with ${String(code)}:\n${complained}`)
  return JSON.parse(said) as Seen
}

const RUNS: Record<Driver, { era: Plan['era']; drive: (plan: Plan) => Promise<Seen> }> = {
  'v2-2026': { era: '2026-07-28', drive: driveClientV2 },
  'v2-2025': { era: '2025-11-25', drive: driveClientV2 },
  v1: { era: '2025-11-25', drive: driveSdkV1 },
  'python-2026': { era: '2026-07-28', drive: drivePython },
  'python-2025': { era: '2025-11-25', drive: drivePython },
}

describe.each(DRIVERS)('%s', (name) => {
  const { era, drive } = RUNS[name]
  let its: Seen

  beforeAll(async () => {
    its = await drive(await planFor(name, era))
    seen[name] = its
  })

  test('speaks the revision it was pinned to, and calls every tool', () => {
    expect(its.era).toBe(era)
    expect(its.tools.length).toBeGreaterThanOrEqual(16)
    expect(Object.entries(its.called).filter(([, how]) => how !== 'ok')).toEqual([])
    expect(Object.keys(its.called).sort()).toEqual(its.tools.toSorted())
  })

  test('reads a resource, gets the prompt, pages, and follows progress', () => {
    expect([its.resources > 0, its.resourceCharacters > 100, its.prompts, its.promptCharacters > 100]).toEqual([true, true, 1, true])
    expect(its.pages).toBeGreaterThan(1)
    expect(its.progress).toBe(12)
  })

  test('gives a call up, and is rid of it at once; the server stops it where the revision says so', async () => {
    expect(its.cancelled).not.toBe('served')
    expect(its.cancelledAfterMs).toBeLessThan(1_500)
    const own = () => desks.main.logged('request').filter(({ agent_id: agent, tool_name: tool }) => agent === name && tool === 'run_query')
    const stopped = () => own().some(({ status, duration_ms: ms }) => status === 'gone' && Number(ms) < 1_500)
    if (era === '2026-07-28') await expect.poll(stopped, { interval: 20, timeout: 3_000 }).toBe(true)
    else expect(stopped()).toBe(false)
  })

  test('is refused in every way, and no refusal looks like an answer', () => {
    const hows = Object.fromEntries(Object.entries(its.refusals).map(([kind, { how }]) => [kind, how]))
    expect(hows).toEqual({
      'too many calls (429)': 'exception',
      'dependency away (503)': 'exception',
      'unknown token (401)': 'exception',
      'missing scope (403)': 'exception',
      'wrong arguments (isError)': 'result',
      'deadline (isError)': 'result',
    })
  })
})

test('docs/clients.md says what these runs saw (npm run clients writes it)', async () => {
  await expect(clientsPage(Object.values(seen))).toMatchFileSnapshot(PAGE)
})
