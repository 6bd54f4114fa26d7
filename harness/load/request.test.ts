import { expect, test } from 'vitest'
import type { PlannedRole } from '../plan/plan.ts'
import { isForbiddenHeader, toolCallRequest } from './request.ts'

const role: PlannedRole = { tool: 'create_invoice', sloMs: 1_000, needs: [], correct: [] }
const wire = { call: 'r1-a-01-t1-1', arguments: { customer: 7 }, trace: '0123456789abcdef0123456789abcdef', span: '0011223344556677' }

test('a call of the stateless era', () => {
  const { headers, body } = toolCallRequest({ ...wire, role }, { authorization: 'Bearer x', Host: 'mcp.example' })
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

test('the key goes where the tool takes it, and never into a header', () => {
  const asArgument = toolCallRequest({ ...wire, key: 'r1.k', role: { ...role, idempotencyKey: { argument: 'requestId' } } }, {})
  const asMeta = toolCallRequest({ ...wire, key: 'r1.k', role: { ...role, idempotencyKey: { meta: 'x/key' } } }, {})
  expect(JSON.parse(asArgument.body)).toMatchObject({ params: { arguments: { customer: 7, requestId: 'r1.k' } } })
  expect(JSON.parse(asMeta.body)).toMatchObject({ params: { arguments: { customer: 7 }, _meta: { 'x/key': 'r1.k' } } })
  for (const { headers } of [asArgument, asMeta]) expect(Object.keys(headers).filter(isForbiddenHeader)).toEqual([])
})

test('headers that make the engine repeat a POST on its own are known by any spelling', () => {
  expect(['Idempotency-Key', 'idempotency-key', 'X-Idempotency-Key'].every(isForbiddenHeader)).toBe(true)
  expect(['authorization', 'x-idempotency-key-id'].some(isForbiddenHeader)).toBe(false)
})
