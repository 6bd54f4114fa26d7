import { expect, test } from 'vitest'
import { settingsFrom } from '../config.ts'
import { around, codeOf, rest, sampleCall } from '../fixtures/call.ts'
import { headersOf, toolCall } from '../fixtures/desk.ts'
import { headers } from './headers.ts'

const settings = settingsFrom({
  DATABASE_URL: 'postgres://x',
  DATABASE_ADMIN_URL: 'postgres://x',
  REDIS_URL: 'redis://x',
  ALLOWED_HOSTS: 'localhost, desk.example',
})
const message = JSON.parse(toolCall('c', 'list_tables', {})) as Record<string, unknown>
const good: Record<string, string> = { ...headersOf('list_tables', 'c', 't'), host: 'desk.example:8080' }

function told(change: Record<string, string | undefined>, body: Record<string, unknown> = message): Promise<string> {
  const sent = Object.fromEntries(Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined))
  const call = sampleCall({ headers: sent, message: body, method: String(body.method) })
  return codeOf(around(rest().next, headers, { settings })(call))
}

test('what agrees passes', async () => {
  expect(await told({})).toBe('served')
  expect(await told({ 'mcp-name': ' list_tables ' })).toBe('served')
  expect(await told({ 'mcp-name': `=?base64?${Buffer.from('list_tables').toString('base64')}?=` })).toBe('served')
  expect(await told({ origin: 'http://localhost:3000' })).toBe('served')
})

test.each([
  ['another tool', { 'mcp-name': 'run_query' }],
  ['a name in other case', { 'mcp-name': 'List_Tables' }],
  ['no name', { 'mcp-name': undefined }],
  ['another method', { 'mcp-method': 'tools/list' }],
  ['no method', { 'mcp-method': undefined }],
  ['no version', { 'mcp-protocol-version': undefined }],
])('%s in the header is HEADER_MISMATCH', async (_, change) => {
  expect(await told(change)).toBe('HEADER_MISMATCH')
})

test.each([
  ['a foreign host', { host: 'evil.example' }],
  ['a foreign origin', { origin: 'https://evil.example' }],
  ['an opaque origin', { origin: 'null' }],
])('%s is DENIED', async (_, change) => {
  expect(await told(change)).toBe('DENIED')
})

test('2025 needs none of them', async () => {
  const legacy = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_tables' } }
  const bare = { 'mcp-name': undefined, 'mcp-method': undefined, 'mcp-protocol-version': '2025-11-25' }
  expect(await told(bare, legacy)).toBe('served')
})

test("a version that nobody serves is the specification's own refusal, with those that are", async () => {
  const params = { ...(message.params as object), _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }
  expect(await told({}, { ...message, params })).toBe('INVALID_PARAMS')
})
