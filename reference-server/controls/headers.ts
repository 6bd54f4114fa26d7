// Headers must say what the body says. Balancers and limiters route by `Mcp-Method` and `Mcp-Name`; a server that trusts
// them unchecked lets an expensive tool travel under a cheap tool's name (specification 2026-07-28, streamable HTTP: 400, -32020).
// Host is checked against DNS rebinding, Origin against browsers of other sites.
// No limit is keyed on a name before this point.
// Does not model: `Mcp-Param-*` headers (no tool declares them).
import { classifyInboundRequest, validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server'
import type { Call } from '../call.ts'
import { CallError, type ErrorCode, specificationCode } from '../errors.ts'
import { control } from './control.ts'
import { isPlainCall } from './plain-call.ts'

export const headers = control({
  summary: 'Refuses requests whose headers and body disagree, and foreign hosts and origins.',
  source: 'MCP 2026-07-28, "Standard request headers"; seed 2, hardening',
  settings: ['ALLOWED_HOSTS'],
  wrap(next, { settings }) {
    const hosts = settings.ALLOWED_HOSTS.split(',').map((host) => host.trim())
    return function headers(call) {
      if (!validateHostHeader(call.headers.host, hosts).ok) throw new CallError('DENIED', 'This host name is not served here.')
      if (!validateOriginHeader(call.headers.origin, hosts).ok) throw new CallError('DENIED', 'This origin may not call.')
      if (!isPlainCall(call)) assertAsBody(call)
      return next(call)
    }
  },
})

function assertAsBody(call: Call): void {
  const version = one(call.headers['mcp-protocol-version'])
  const method = one(call.headers['mcp-method'])
  const name = one(call.headers['mcp-name'])
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    body: call.message,
    ...(version !== undefined && { protocolVersionHeader: version }),
    ...(method !== undefined && { mcpMethodHeader: method }),
    ...(name !== undefined && { mcpNameHeader: name }),
  })
  if (route.kind === 'reject') {
    const code = specificationCode(route.code, route.httpStatus)
    throw new CallError(code, SAID[code] ?? 'The request is not one of this protocol.', { data: repeated(route.data) })
  }
  if (route.kind !== 'modern' || call.id === null) return
  if (version === undefined) throw mismatch('the header MCP-Protocol-Version is missing')
  if (method === undefined) throw mismatch('the header Mcp-Method is missing')
  const named = nameOf(call)
  if (named === undefined) return
  if (name === undefined) throw mismatch('the body names something, the header Mcp-Name is missing')
  if (decoded(name.trim()) !== named) throw mismatch('the body names one thing, the header Mcp-Name another')
}

/** The SDK's own sentences repeat what the caller has sent, whatever that is. */
const SAID: Partial<Record<ErrorCode, string>> = {
  HEADER_MISMATCH: 'Header and body disagree: MCP-Protocol-Version or Mcp-Method says something else than the body.',
  PROTOCOL_VERSION: 'This protocol version is not served; the data lists those that are.',
  INVALID_PARAMS: 'The envelope lacks what its version requires: protocolVersion and clientCapabilities in _meta.',
  CAPABILITY_REQUIRED: 'This needs a capability that the client has not declared.',
}

/** Of the SDK's data what it says itself, and a version that looks like one. */
function repeated(data: unknown): Record<string, unknown> {
  const { supported, requested, requiredCapabilities } = (data ?? {}) as Record<string, unknown>
  return {
    ...(supported !== undefined && { supported }),
    ...(requiredCapabilities !== undefined && { requiredCapabilities }),
    ...(typeof requested === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(requested) && { requested }),
  }
}

function nameOf(call: Call): string | undefined {
  const params = call.message.params as Record<string, unknown> | undefined
  const value =
    call.method === 'resources/read' ? params?.uri : ['tools/call', 'prompts/get'].includes(call.method) ? params?.name : undefined
  return typeof value === 'string' ? value : undefined
}

/** Names that are not plain ASCII travel as `=?base64?…?=`. */
function decoded(value: string): string {
  const inside = /^=\?base64\?([A-Za-z0-9+/=]*)\?=$/.exec(value)?.[1]
  return inside === undefined ? value : Buffer.from(inside, 'base64').toString('utf8')
}

function mismatch(what: string): CallError {
  return new CallError('HEADER_MISMATCH', `Header and body disagree: ${what}.`)
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
