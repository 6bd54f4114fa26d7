// The process: what it says when it cannot start, and how it ends.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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
  return startServer(services.addresses, more)
}

test('starts twice on one database, drains on SIGTERM with a call inside, and exits 0', async () => {
  await using first = start({ INSTANCE: 'first' })
  await using second = start({ INSTANCE: 'second' })
  await second.line('started')
  second.child.kill('SIGTERM')
  expect(await second.ended).toEqual([0, null])
  const { port } = await first.line('started')
  const body = toolCall('inside', 'run_query', { sql: 'select pg_sleep(1)' })
  const headers = headersOf('run_query', 'inside', TOKENS.t0)
  const status = fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', headers, body }).then((answer) => answer.status, String)
  const asleep = () =>
    services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and state = 'active' and query like '%pg_sleep(1)%'`)
  await expect.poll(async () => (await asleep()).length, { interval: 10, timeout: 10_000 }).toBe(1)
  first.child.kill('SIGTERM')
  expect(await status).toBe(200)
  expect(await first.ended).toEqual([0, null])
})

test('during the delay it serves but is not ready, so that a balancer looks elsewhere; a second signal ends it now', async () => {
  await using server = start({ DRAIN_DELAY_MS: '60000' })
  const { child, ended } = server
  const { port, admin_port: adminPort } = await server.line('started')
  child.kill('SIGTERM')
  await server.line('draining')
  expect((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status).toBe(503)
  expect(await (await fetch(`http://127.0.0.1:${adminPort}/alerts.yml`)).text()).toContain('alert: BreakerOpen')
  const body = toolCall('late', 'list_tables', {})
  const late = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', headers: headersOf('list_tables', 'late', TOKENS.t0), body })
  expect(late.status).toBe(200)
  child.kill('SIGTERM')
  expect(await ended).toEqual([1, null])
})

test.each(['PORT', 'ADMIN_PORT'])('a taken %s: one line that names it, exit 1', async (setting) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { ended, said } = start({ [setting]: String(port) })
  expect(await ended).toEqual([1, null])
  expect(withoutWarnings(await said)).toBe(`port ${port} is in use: set ${setting} to another`)
  other.close()
})

test.each([
  ['a value out of range', { AGENT_BURST: '0' }, 'AGENT_BURST is "0": must be a whole number from 1 to 100000'],
  ['an unknown weakness', { WEAKNESS: 'no-sleep' }, /^WEAKNESS is "no-sleep": must be empty or one of [a-z0-9-]+, [a-z0-9-]+, /],
  [
    'too many connections',
    { INSTANCES: '8' },
    /^the database cannot be prepared: the pools want 160 connections \(8 instances\), Postgres can spare 7\d: lower POOL_CHEAP/,
  ],
])('%s: one line, exit 1', async (_, settings, expected) => {
  const { ended, said } = start(settings)
  expect(await ended).toEqual([1, null])
  expect(withoutWarnings(await said)).toMatch(expected)
})

function withoutWarnings(said: string): string {
  return said
    .split('\n')
    .filter((each) => each && !each.startsWith('responseMode'))
    .join('\n')
}
