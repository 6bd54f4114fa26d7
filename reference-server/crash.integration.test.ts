// A server that is killed (SIGKILL) in the middle of a write, and one that is told to stop while callers keep coming. What was begun
// is undone or done, never both; what the dead server held comes free by itself; no call is lost to a drain.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { headersOf, TOKENS, toolCall } from './fixtures/desk.ts'
import { type ServerProcess, startServer } from './fixtures/server-process.ts'

let services: DeskServices

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await services?.[Symbol.asyncDispose]()
})

function start(more: Record<string, string>): ServerProcess {
  return startServer({ postgres: services.postgres.address, redis: services.redis.address }, more)
}

async function urlOf(server: ServerProcess): Promise<string> {
  return `http://127.0.0.1:${(await server.line('started')).port}/v1/mcp`
}

interface Told {
  status: number
  code: unknown
  replayed: boolean
}

async function call(url: string, tool: string, args: Record<string, unknown>): Promise<Told> {
  const answer = await fetch(url, { method: 'POST', headers: headersOf(tool, 'c', TOKENS.t0), body: toolCall('c', tool, args) })
  const { error, result } = (await answer.json()) as {
    error?: { data: { code: string } }
    result?: { structuredContent?: { code?: string }; _meta?: { replayed?: boolean } }
  }
  const code = error?.data.code ?? result?.structuredContent?.code
  return { status: answer.status, code, replayed: result?._meta?.replayed === true }
}

/** Between the insert and the commit there is time to be killed. */
const HOLD = `
  create or replace function ledger.hold() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
  create or replace trigger hold after insert on ledger.invoices for each row when (new.memo = 'hold') execute function ledger.hold()`

const held = () =>
  services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and state = 'active' and wait_event = 'PgSleep'`)

test('killed between insert and commit: nothing is written, its locks and its place are free, and the same key writes once', async () => {
  const environment = { AGENT_CONCURRENCY: '1', LOCK_TIMEOUT_MS: '200' }
  await using first = start({ ...environment, INSTANCE: 'first' })
  await using second = start({ ...environment, INSTANCE: 'second' })
  const [doomed, url] = [await urlOf(first), await urlOf(second)]
  const [customer] = await services.postgres.query<{ name: string }>(`select name from ledger.customers where tenant = 't0' limit 1`)
  const idempotencyKey = randomUUID()
  const write = { customer: customer?.name, amountCents: 5, currency: 'EUR', memo: 'hold', idempotencyKey }
  await services.postgres.query(HOLD)
  const served = async (at: string) => (await call(at, 'list_tables', {})).status
  // It has its connections then, and of a try before this one no lease is left.
  await expect.poll(() => served(doomed), { interval: 100, timeout: 12_000 }).toBe(200)
  const lost = call(doomed, 'create_invoice', write).catch(() => 'lost')
  await expect.poll(held, { interval: 5, timeout: 10_000 }).toHaveLength(1)
  first.child.kill('SIGKILL')
  const killedMs = performance.now()
  expect(await lost).toBe('lost')
  // The dead server's backend is not told that nobody waits any more: it looks, long before its statement's time is over (3 s).
  await expect.poll(held, { interval: 20, timeout: 1_800 }).toHaveLength(0)
  await services.postgres.query('drop trigger hold on ledger.invoices')
  const rows = () => services.postgres.query('select 1 from ledger.invoices where idempotency_key = $1', [idempotencyKey])
  expect(await rows()).toHaveLength(0)
  // The agent's only place was the dead call's; its lease ends with deadline + 5 s.
  expect(await call(url, 'list_tables', {})).toMatchObject({ status: 429, code: 'CONCURRENCY_LIMITED' })
  await expect.poll(() => served(url), { interval: 100, timeout: 12_000 }).toBe(200)
  expect(performance.now() - killedMs).toBeLessThan(11_000)
  await expect.poll(async () => (await call(url, 'create_invoice', write)).replayed, { interval: 50, timeout: 2_000 }).toBe(true)
  expect(await rows()).toHaveLength(1)
})

test('told to stop under load: callers who look elsewhere once it is not ready lose no call', async () => {
  await using server = start({ DRAIN_DELAY_MS: '400' })
  const url = await urlOf(server)
  const ready = `http://127.0.0.1:${(await server.line('started')).admin_port}/readyz`
  const agent = new Agent({ connections: 20, keepAliveTimeout: 4_000 })
  await using stack = new AsyncDisposableStack()
  const told: string[] = []
  let stopped = false
  stack.defer(() => {
    stopped = true
    return agent.destroy()
  })
  const caller = async (): Promise<void> => {
    while (!stopped) {
      const answer = await request(url, {
        method: 'POST',
        headers: headersOf('list_tables', 'c', TOKENS.t0),
        body: toolCall('c', 'list_tables', {}),
        dispatcher: agent,
      }).catch((error: { code?: string }) => ({ statusCode: `lost: ${error.code}`, body: undefined }))
      await answer.body?.dump()
      told.push(String(answer.statusCode))
      await pause(5)
    }
  }
  /** Stands for a balancer. */
  const looking = async (): Promise<void> => {
    while ((await fetch(ready)).status === 200) await pause(50)
    stopped = true
  }
  const callers = Array.from({ length: 20 }, caller)
  await expect.poll(() => told.length, { interval: 10, timeout: 10_000 }).toBeGreaterThan(50)
  server.child.kill('SIGTERM')
  await Promise.all([...callers, looking()])
  expect(told.filter((status) => status !== '200')).toEqual([])
  expect(await server.ended).toEqual([0, null])
})
