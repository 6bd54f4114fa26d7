// What is taken for plain is what the SDK takes for a message of 2026-07-28; whatever is a little off is left to the SDK.
import { classifyInboundRequest } from '@modelcontextprotocol/server'
import { expect, test } from 'vitest'
import { isPlainCall } from './plain-call.ts'

const prefix = 'io.modelcontextprotocol/'
const meta = {
  [`${prefix}protocolVersion`]: '2026-07-28',
  [`${prefix}clientInfo`]: { name: 'c', version: '1' },
  [`${prefix}clientCapabilities`]: {},
}
const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_tables', arguments: {}, _meta: meta } }
const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'list_tables' }
const plain = (body: Record<string, unknown>, given: Record<string, string> = headers) =>
  isPlainCall({ message: body, id: (body.id ?? null) as number | null, headers: given })
const params = (change: object) => ({ ...message, params: { ...message.params, ...change } })

test.each<[string, Record<string, unknown>]>([
  ['with everything', message],
  ['with a trace', params({ _meta: { ...meta, traceparent: '00-x' } })],
  ['with an id that is a text', { ...message, id: 'a' }],
  ['without arguments', { ...message, params: { name: 'list_tables', _meta: meta } }],
  ['without clientInfo', params({ _meta: { [`${prefix}protocolVersion`]: '2026-07-28', [`${prefix}clientCapabilities`]: {} } })],
])('%s: plain, and the SDK agrees', (_, body) => {
  expect(plain(body)).toBe(true)
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    body,
    protocolVersionHeader: '2026-07-28',
    mcpMethodHeader: 'tools/call',
    mcpNameHeader: 'list_tables',
  })
  expect(route.kind).toBe('modern')
})

test.each<[string, Record<string, unknown>, Record<string, string>?]>([
  ['another version of JSON-RPC', { ...message, jsonrpc: '1.0' }],
  ['no id', { ...message, id: undefined }],
  ['an id that is no whole number', { ...message, id: 1.5 }],
  ['another method', { ...message, method: 'tools/list' }],
  ['more than a message has', { ...message, more: 1 }],
  ['more than params have', params({ more: 1 })],
  ['arguments that are a list', params({ arguments: [] })],
  ['a name that is no text', params({ name: 1 })],
  ['no envelope', { ...message, params: { name: 'list_tables' } }],
  ['no capabilities', params({ _meta: { [`${prefix}protocolVersion`]: '2026-07-28' } })],
  ['capabilities to be looked at', params({ _meta: { ...meta, [`${prefix}clientCapabilities`]: { sampling: {} } } })],
  ['another version in the envelope', params({ _meta: { ...meta, [`${prefix}protocolVersion`]: '2025-11-25' } })],
  ['a client without a version', params({ _meta: { ...meta, [`${prefix}clientInfo`]: { name: 'c' } } })],
  ['more in the envelope', params({ _meta: { ...meta, progressToken: 1 } })],
  ['another name in the header', message, { ...headers, 'mcp-name': 'run_query' }],
  ['another method in the header', message, { ...headers, 'mcp-method': 'tools/list' }],
  ['no version in the header', message, { 'mcp-method': 'tools/call', 'mcp-name': 'list_tables' }],
])('%s: not plain', (_, body, given) => {
  expect(plain(body, given)).toBe(false)
})
