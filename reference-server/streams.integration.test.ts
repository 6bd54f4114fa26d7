// Progress over server-sent events: for who asked for it and can read it, in both eras; cancelled by closing it where the era says so.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS } from './fixtures/desk.ts'

let services: DeskServices
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await open()
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

function open(more: Record<string, string> = {}): Promise<Desk> {
  return openDesk(services.addresses, { REPORT_SECTION_MS: '30', ...more })
}

async function connected(pin: '2026-07-28' | undefined): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, pin ? { versionNegotiation: { mode: { pin } } } : {})
  const requestInit = { headers: { authorization: `Bearer ${TOKENS.t0}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(desk.url), { requestInit }))
  return client
}

function post(
  era: 'modern' | 'legacy',
  more: { accept?: string; token?: boolean; signal?: AbortSignal } = {},
  at = desk,
): Promise<Response> {
  const modern = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const _meta = { ...(era === 'modern' && modern), ...(more.token !== false && { progressToken: 'p1' }) }
  const params = { name: 'build_report', arguments: { year: 2026 }, _meta }
  const all = headersOf('build_report', 'report-1', TOKENS.t0)
  const { 'mcp-method': _, 'mcp-name': __, ...old } = all
  const headers = {
    ...(era === 'modern' ? all : { ...old, 'mcp-protocol-version': '2025-11-25' }),
    ...(more.accept && { accept: more.accept }),
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params })
  return fetch(at.url, { method: 'POST', headers, body, signal: more.signal ?? null })
}

type Message = { id?: number; method?: string; params?: Record<string, unknown>; result?: { structuredContent: Record<string, unknown> } }

function messagesIn(text: string): Message[] {
  const events = text.split('\n\n').filter(Boolean)
  expect(events.filter((each) => !each.startsWith('event: message\ndata: '))).toEqual([])
  return events.map((each) => JSON.parse(each.slice('event: message\ndata: '.length)) as Message)
}

test.each(['modern', 'legacy'] as const)('%s: progress as it happens, then the answer, in one stream', async (era) => {
  const response = await post(era)
  expect([response.status, response.headers.get('content-type'), response.headers.get('x-instance')]).toEqual([
    200,
    'text/event-stream',
    'server-1',
  ])
  expect(response.headers.get('ratelimit')).not.toBeNull()
  const messages = messagesIn(await response.text())
  const progress = messages.slice(0, -1)
  expect(progress.map(({ method, params }) => [method, params?.progressToken, params?.progress, params?.total])).toEqual(
    Array.from({ length: 12 }, (_, i) => ['notifications/progress', 'p1', i + 1, 12]),
  )
  expect([messages.at(-1)?.id, messages.at(-1)?.result?.structuredContent.year]).toEqual([7, 2026])
})

test.each([
  ['who gave no token', { token: false }],
  ['who reads no streams', { accept: 'application/json' }],
])('%s gets the answer alone', async (_, more) => {
  const response = await post('legacy', more)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(((await response.json()) as Message).result?.structuredContent.year).toBe(2026)
})

test.each(['2026-07-28', undefined] as const)('the official client sees it (%s)', async (pin) => {
  await using stack = new AsyncDisposableStack()
  const client = await connected(pin)
  stack.defer(() => client.close())
  const seen: number[] = []
  const result = await client.callTool(
    { name: 'build_report', arguments: { year: 2026 } },
    { onprogress: ({ progress }) => seen.push(progress) },
  )
  expect([result.isError ?? false, seen]).toEqual([false, Array.from({ length: 12 }, (_, i) => i + 1)])
})

test('what is refused before it runs keeps its status; what fails while it streams is the last message', async () => {
  await using hasty = await open({ DEADLINE_LONGEST_MS: '400', REPORT_SECTION_MS: '100', AGENT_CONCURRENCY: '1' })
  const first = await post('modern', {}, hasty)
  expect((await post('modern', {}, hasty)).status).toBe(429)
  const messages = messagesIn(await first.text())
  expect(messages.length).toBeGreaterThan(2)
  expect(messages.at(-1)?.result).toMatchObject({ isError: true, structuredContent: { code: 'TOOL_TIMEOUT' } })
})

const building = () =>
  services.postgres.query(
    `select 1 from pg_stat_activity where usename = 'app' and state = 'active' and query like '%pace%' and pid <> pg_backend_pid()`,
  )

test('2026-07-28: closing the stream cancels the work behind it', async () => {
  await using slow = await open({ REPORT_SECTION_MS: '5000' })
  const leaving = new AbortController()
  const response = post('modern', { signal: leaving.signal }, slow).catch(() => undefined)
  await expect.poll(async () => (await building()).length, { interval: 10, timeout: 5_000 }).toBe(1)
  leaving.abort()
  await response
  await expect.poll(async () => (await building()).length, { interval: 10, timeout: 4_000 }).toBe(0)
})

test('2025-11-25: closing the stream leaves it running to its end', async () => {
  await using slow = await open({ REPORT_SECTION_MS: '50' })
  const leaving = new AbortController()
  const response = post('legacy', { signal: leaving.signal }, slow).catch(() => undefined)
  await expect.poll(async () => (await building()).length, { interval: 5, timeout: 5_000 }).toBe(1)
  leaving.abort()
  await response
  await expect.poll(() => slow.logged('request').length, { timeout: 8_000 }).toBe(1)
  const [line] = slow.logged('request')
  expect(line?.status).toBe('gone')
  expect(Number(line?.db_ms)).toBeGreaterThan(12 * 50)
})
