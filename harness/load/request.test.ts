// What is sent is held against the protocol twice: by its published schemas, and by a server of the official SDK, which checks headers
// and envelope against each other.
import { createMcpHandler, McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { PlannedRole } from '../plan/plan.ts'
import { schemaFlaw } from './fixtures/schema.ts'
import {
  initializeRequest,
  isForbiddenHeader,
  notification,
  type Protocol,
  plainRequest,
  Speaker,
  toolCallRequest,
  type WireRequest,
} from './request.ts'

const role: PlannedRole = { tool: 'create_invoice', sloMs: 1_000, needs: [], correct: [] }
const wire = { call: 'r1-a-01-t1-1', trace: '0123456789abcdef0123456789abcdef', span: '0011223344556677' }
const speaker = (protocol: Protocol, session?: string) => new Speaker(protocol, { authorization: 'Bearer x', Host: 'mcp.example' }, session)
const toolCall = (by: Speaker, { role: own = role, key }: { role?: PlannedRole; key?: string } = {}) => {
  const { headers, body } = toolCallRequest(wire.call, own, { customer: 7 }, key, wire.trace, wire.span, by)
  return { headers: { ...headers }, body }
}

test('a call of the stateless era', () => {
  const { headers, body } = toolCall(speaker('2026-07-28'))
  expect(headers).toEqual({
    authorization: 'Bearer x',
    Host: 'mcp.example',
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'create_invoice',
    'X-Request-Id': 'r1-a-01-t1-1',
    traceparent: '00-0123456789abcdef0123456789abcdef-0011223344556677-01',
  })
  expect(JSON.parse(body)).toEqual({
    jsonrpc: '2.0',
    id: 'r1-a-01-t1-1',
    method: 'tools/call',
    params: {
      name: 'create_invoice',
      arguments: { customer: 7 },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'mcp-stampede', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
        traceparent: headers.traceparent,
      },
    },
  })
})

test('a call of the era of sessions names its version and its session, and nothing else in its headers', () => {
  const { headers, body } = toolCall(speaker('2025-11-25', 's1'))
  expect(headers).toEqual({
    authorization: 'Bearer x',
    Host: 'mcp.example',
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2025-11-25',
    'Mcp-Session-Id': 's1',
    'X-Request-Id': 'r1-a-01-t1-1',
    traceparent: '00-0123456789abcdef0123456789abcdef-0011223344556677-01',
  })
  expect(JSON.parse(body).params).toEqual({
    name: 'create_invoice',
    arguments: { customer: 7 },
    _meta: { traceparent: headers.traceparent },
  })
  expect(initializeRequest(wire, speaker('2025-11-25')).headers).not.toHaveProperty('MCP-Protocol-Version')
})

test('the key goes where the tool takes it, and never into a header', () => {
  for (const protocol of ['2026-07-28', '2025-11-25'] as const) {
    const key = 'r1.k'
    const asArgument = toolCall(speaker(protocol), { key, role: { ...role, idempotencyKey: { argument: 'requestId' } } })
    const asMeta = toolCall(speaker(protocol), { key, role: { ...role, idempotencyKey: { meta: 'x/key' } } })
    expect(JSON.parse(asArgument.body)).toMatchObject({ params: { arguments: { customer: 7, requestId: 'r1.k' } } })
    expect(JSON.parse(asMeta.body)).toMatchObject({ params: { arguments: { customer: 7 }, _meta: { 'x/key': 'r1.k' } } })
    for (const { headers } of [asArgument, asMeta]) expect(Object.keys(headers).filter(isForbiddenHeader)).toEqual([])
  }
})

test('headers that make the engine repeat a POST on its own are known by any spelling', () => {
  expect(['Idempotency-Key', 'idempotency-key', 'X-Idempotency-Key'].every(isForbiddenHeader)).toBe(true)
  expect(['authorization', 'x-idempotency-key-id'].some(isForbiddenHeader)).toBe(false)
})

const cancelled = { method: 'notifications/cancelled', params: { requestId: wire.call, reason: 'late' } }
const messages = (protocol: Protocol): Record<string, WireRequest> =>
  protocol === '2026-07-28'
    ? {
        call: toolCall(speaker(protocol)),
        strange: toolCall(speaker(protocol), { role: { ...role, tool: 'größe' } }),
        discover: plainRequest({ ...wire, method: 'server/discover' }, speaker(protocol)),
        list: plainRequest({ ...wire, method: 'tools/list' }, speaker(protocol)),
      }
    : {
        initialize: initializeRequest(wire, speaker(protocol)),
        initialized: notification({ ...wire, method: 'notifications/initialized' }, speaker(protocol)),
        call: toolCall(speaker(protocol)),
        list: plainRequest({ ...wire, method: 'tools/list' }, speaker(protocol)),
        cancelled: notification({ ...wire, ...cancelled }, speaker(protocol)),
      }

test.each(['2026-07-28', '2025-11-25', '2025-06-18'] as const)(
  'every message of %s keeps its schema, and the SDK takes it',
  async (protocol) => {
    for (const [name, message] of Object.entries(messages(protocol))) {
      expect(schemaFlaw(message.body, message.headers), name).toBeUndefined()
      const { status, text } = await askSdk(message, protocol)
      expect(text, name).not.toContain('"error"')
      expect(status, name).toBe(['initialized', 'cancelled'].includes(name) ? 202 : 200)
    }
  },
)

test.each([
  ['no name', (params: Record<string, unknown>) => ({ ...params, name: undefined })],
  ['arguments that are a list', (params: Record<string, unknown>) => ({ ...params, arguments: [] })],
  ['no version', (params: Record<string, unknown>) => ({ ...params, _meta: {} })],
])('a call with %s breaks the schema, and is told so', (_, broken) => {
  const { headers, body } = toolCall(speaker('2026-07-28'))
  const message = JSON.parse(body) as { params: Record<string, unknown> }
  expect(schemaFlaw(JSON.stringify({ ...message, params: broken(message.params) }), headers)).toBeTypeOf('string')
})

function sdkServer(tool: string): McpServer {
  const server = new McpServer({ name: 'x', version: '1' })
  server.registerTool(tool, { inputSchema: z.object({ customer: z.int() }) }, () => ({ content: [{ type: 'text', text: 'ok' }] }))
  return server
}

async function askSdk({ headers, body }: WireRequest, protocol: Protocol): Promise<{ status: number; text: string }> {
  const tool = body.includes('größe') ? 'größe' : 'create_invoice'
  const request = new Request('http://mcp.example/mcp', { method: 'POST', headers, body })
  if (protocol === '2026-07-28') {
    const response = await createMcpHandler(() => sdkServer(tool), { legacy: 'reject', responseMode: 'json' }).fetch(request)
    return { status: response.status, text: await response.text() }
  }
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await sdkServer(tool).connect(transport)
  const response = await transport.handleRequest(request)
  return { status: response.status, text: await response.text() }
}
