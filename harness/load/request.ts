// Messages as they go over the wire, headers and body, in both eras: the stateless one (2026-07-28), where every message says who
// speaks and what is called; and that of sessions (2025-11-25, 2025-06-18). Pure; runs inside k6.
//
// Rule: never an `Idempotency-Key` header (nor `X-Idempotency-Key`): Go's HTTP client takes a POST that carries one to be safe
// to repeat and re-sends it silently after a reset, so that the server sees two calls and the history one. The key travels as
// an argument or in `_meta`.
// Source: MCP, the three revisions' Streamable HTTP; W3C Trace Context; SEP-414 (traceparent in _meta).
import type { Plan, PlannedRole } from '../plan/plan.ts'
import { mcpName } from './mcp-name.ts'

export type Protocol = Plan['protocol']

/** Everything of one message that is its own. */
export interface Message {
  /** JSON-RPC id and `X-Request-Id`. */
  call: string
  /** 32 hex digits, one a task. */
  trace: string
  /** 16 hex digits, one a call. */
  span: string
}

/** Who speaks: what every message of an agent in its session has in common. */
export class Speaker {
  readonly protocol: Protocol
  /** The agent's headers (its token) and, where it must differ from the address, `Host`. */
  readonly headers: Record<string, string>
  /** The session's id, when the server gave one. */
  readonly session: string | undefined
  readonly #forms = new Map<string, ToolForm>()

  constructor(protocol: Protocol, headers: Record<string, string>, session?: string) {
    this.protocol = protocol
    this.headers = headers
    this.session = session
  }

  /** Everything of a call of this tool that is always the same. */
  form(tool: string): ToolForm {
    let form = this.#forms.get(tool)
    if (form === undefined) {
      form = formOf(tool, this)
      this.#forms.set(tool, form)
    }
    return form
  }
}

/** A call of one tool with holes: its id, its arguments, its traceparent. */
interface ToolForm {
  headers: Record<string, string>
  beforeArguments: string
  beforeTrace: string
}

/** Its headers hold until the same speaker's next request: whoever keeps them must copy them. */
export interface WireRequest {
  headers: Record<string, string>
  body: string
}

const CLIENT_INFO = { name: 'mcp-stampede', version: '1' }

export function isStateless(protocol: Protocol): boolean {
  return protocol === '2026-07-28'
}

/** @param call its id, which must be plain; @param key as sent: with the run's id before it */
export function toolCallRequest(
  call: string,
  { tool, idempotencyKey: place }: PlannedRole,
  given: Record<string, unknown>,
  key: string | undefined,
  trace: string,
  span: string,
  speaker: Speaker,
): WireRequest {
  const { headers, beforeArguments, beforeTrace } = speaker.form(tool)
  const traceparent = `00-${trace}-${span}-01`
  headers['X-Request-Id'] = call
  headers.traceparent = traceparent
  let asked = given
  let keyed = ''
  if (key !== undefined && place !== undefined) {
    if ('argument' in place) asked = { ...given, [place.argument]: key }
    else keyed = `,${JSON.stringify(place.meta)}:${JSON.stringify(key)}`
  }
  const body = `{"jsonrpc":"2.0","id":"${call}"${beforeArguments}${JSON.stringify(asked)}${beforeTrace}${traceparent}"${keyed}}}}`
  return { headers, body }
}

function formOf(tool: string, speaker: Speaker): ToolForm {
  const { traceparent: _, ...meta } = metaOf({ trace: '', span: '' }, speaker)
  const fields = JSON.stringify(meta).slice(1, -1)
  const headers = headersOf({ call: '', trace: '', span: '' }, 'tools/call', speaker)
  return {
    headers: isStateless(speaker.protocol) ? { ...headers, 'Mcp-Name': mcpName(tool) } : headers,
    beforeArguments: `,"method":"tools/call","params":{"name":${JSON.stringify(tool)},"arguments":`,
    beforeTrace: `,"_meta":{${fields === '' ? '' : `${fields},`}"traceparent":"`,
  }
}

/** One message of a handshake, or of a look around. */
export function handshakeRequest(method: string, message: Message, speaker: Speaker): WireRequest {
  if (method === 'initialize') return initializeRequest(message, speaker)
  return isNotification(method) ? notification({ ...message, method }, speaker) : plainRequest({ ...message, method }, speaker)
}

export function isNotification(method: string): boolean {
  return method.startsWith('notifications/')
}

/** A request without parameters of its own: `server/discover`, `tools/list`. */
export function plainRequest(message: Message & { method: string }, speaker: Speaker): WireRequest {
  return envelope(message, message.method, { _meta: metaOf(message, speaker) }, speaker)
}

/** The first message of a session: before its answer there is no version to name in a header. */
export function initializeRequest(message: Message, speaker: Speaker): WireRequest {
  const params = { protocolVersion: speaker.protocol, capabilities: {}, clientInfo: CLIENT_INFO, _meta: metaOf(message, speaker) }
  const { headers, body } = envelope(message, 'initialize', params, speaker)
  const { 'MCP-Protocol-Version': _, ...before } = headers
  return { headers: before, body }
}

/** A message that has no id and gets no answer but 202. `call` is its `X-Request-Id` all the same. */
export function notification(
  { call, method, params, trace, span }: Message & { method: string; params?: object },
  speaker: Speaker,
): WireRequest {
  const headers = headersOf({ call, trace, span }, method, speaker)
  return { headers, body: JSON.stringify({ jsonrpc: '2.0', method, ...(params && { params }) }) }
}

function envelope(message: Message, method: string, params: object, speaker: Speaker): WireRequest {
  const body = JSON.stringify({ jsonrpc: '2.0', id: message.call, method, params })
  return { headers: headersOf(message, method, speaker), body }
}

function headersOf({ call, trace, span }: Message, method: string, { protocol, headers, session }: Speaker): Record<string, string> {
  return {
    ...headers,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': protocol,
    ...(isStateless(protocol) ? { 'Mcp-Method': method } : session !== undefined && { 'Mcp-Session-Id': session }),
    'X-Request-Id': call,
    traceparent: `00-${trace}-${span}-01`,
  }
}

function metaOf({ trace, span }: Omit<Message, 'call'>, { protocol }: Speaker): Record<string, unknown> {
  const traceparent = `00-${trace}-${span}-01`
  if (!isStateless(protocol)) return { traceparent }
  return {
    'io.modelcontextprotocol/protocolVersion': protocol,
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
    'io.modelcontextprotocol/clientCapabilities': {},
    traceparent,
  }
}

/** Of the GET that opens the server's own stream in a session. */
export function streamHeaders({ protocol, headers, session }: Speaker): Record<string, string> {
  const id = session === undefined ? {} : { 'Mcp-Session-Id': session }
  return { ...headers, Accept: 'text/event-stream', 'MCP-Protocol-Version': protocol, ...id }
}

/** Headers that would make the engine repeat a call on its own. */
export function isForbiddenHeader(name: string): boolean {
  return /^(x-)?idempotency-key$/i.test(name)
}
