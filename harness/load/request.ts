// One tools/call as it goes over the wire in the stateless era (2026-07-28): headers and body. Pure; runs inside k6.
//
// Rule: never an `Idempotency-Key` header (nor `X-Idempotency-Key`): Go's HTTP client takes a POST that carries one to be safe
// to repeat and re-sends it silently after a reset, so that the server sees two calls and the history one. The key travels as
// an argument or in `_meta`. Tool names are taken to be ASCII, as the SDKs demand.
import type { PlannedRole } from '../plan/plan.ts'

export const PROTOCOL = '2026-07-28'

interface WireCall {
  /** JSON-RPC id and `X-Request-Id`. */
  call: string
  role: PlannedRole
  arguments: Record<string, unknown>
  /** As sent: with the run's id before it. */
  key?: string
  /** 32 hex digits, one a task. */
  trace: string
  /** 16 hex digits, one a call. */
  span: string
}

export interface WireRequest {
  headers: Record<string, string>
  body: string
}

/** @param own the agent's headers (its token) and, where it must differ from the address, `Host` */
export function toolCallRequest({ call, role, arguments: given, key, trace, span }: WireCall, own: Record<string, string>): WireRequest {
  const traceparent = `00-${trace}-${span}-01`
  const place = key === undefined ? undefined : role.idempotencyKey
  const body = {
    jsonrpc: '2.0',
    id: call,
    method: 'tools/call',
    params: {
      name: role.tool,
      arguments: place && 'argument' in place ? { ...given, [place.argument]: key } : given,
      _meta: { ...META, traceparent, ...(place && 'meta' in place && { [place.meta]: key }) },
    },
  }
  const headers = { ...own, ...FIXED_HEADERS, 'Mcp-Method': 'tools/call', 'Mcp-Name': role.tool, 'X-Request-Id': call, traceparent }
  return { headers, body: JSON.stringify(body) }
}

/** A request without parameters of its own: `server/discover`, `tools/list`. */
export function plainRequest(
  { call, method, trace, span }: Pick<WireCall, 'call' | 'trace' | 'span'> & { method: string },
  own: Record<string, string>,
): WireRequest {
  const traceparent = `00-${trace}-${span}-01`
  const body = { jsonrpc: '2.0', id: call, method, params: { _meta: { ...META, traceparent } } }
  return { headers: { ...own, ...FIXED_HEADERS, 'Mcp-Method': method, 'X-Request-Id': call, traceparent }, body: JSON.stringify(body) }
}

const META = {
  'io.modelcontextprotocol/protocolVersion': PROTOCOL,
  'io.modelcontextprotocol/clientInfo': { name: 'mcp-stampede', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

const FIXED_HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
  'MCP-Protocol-Version': PROTOCOL,
}

/** Headers that would make the engine repeat a call on its own. */
export function isForbiddenHeader(name: string): boolean {
  return /^(x-)?idempotency-key$/i.test(name)
}
