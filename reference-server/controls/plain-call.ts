// A tools/call of 2026-07-28 that is well-formed beyond doubt: nothing in it but what the specification names, each of its type, and
// headers that say the same. It needs no more classifying, which takes four schemas; anything else still gets that.
// A call that the limiter refuses is told so sooner, and one that is served is validated by the SDK all the same.
import type { Call } from '../call.ts'

const VERSION = '2026-07-28'
const PREFIX = 'io.modelcontextprotocol/'
const MESSAGE = new Set(['jsonrpc', 'id', 'method', 'params'])
const PARAMS = new Set(['name', 'arguments', '_meta'])

export function isPlainCall({ message, id, headers }: Pick<Call, 'message' | 'id' | 'headers'>): boolean {
  const { jsonrpc, method, params } = message
  if (
    jsonrpc !== '2.0' ||
    !(typeof id === 'string' || Number.isSafeInteger(id)) ||
    method !== 'tools/call' ||
    !isRecord(params) ||
    !only(message, MESSAGE)
  )
    return false
  const { name, arguments: args, _meta: meta } = params
  if (typeof name !== 'string' || (args !== undefined && !isRecord(args)) || !isRecord(meta) || !only(params, PARAMS)) return false
  const said = headers['mcp-protocol-version'] === VERSION && headers['mcp-method'] === method && headers['mcp-name'] === name
  return said && Object.entries(meta).every(([key, value]) => isPlainMeta(key, value)) && NEEDED.every((key) => key in meta)
}

const NEEDED = [`${PREFIX}protocolVersion`, `${PREFIX}clientCapabilities`]

function isPlainMeta(key: string, value: unknown): boolean {
  if (key === `${PREFIX}protocolVersion`) return value === VERSION
  // Capabilities have schemas of their own.
  if (key === `${PREFIX}clientCapabilities`) return isRecord(value) && Object.keys(value).length === 0
  if (key === `${PREFIX}clientInfo`)
    return isRecord(value) && typeof value.name === 'string' && typeof value.version === 'string' && only(value, INFO)
  return key === 'traceparent' && typeof value === 'string'
}

const INFO = new Set(['name', 'version'])

function only(value: object, names: ReadonlySet<string>): boolean {
  for (const name in value) if (!names.has(name)) return false
  return true
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
