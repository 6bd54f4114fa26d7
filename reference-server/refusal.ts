// Errors as answers. Before a tool runs: HTTP status and a JSON-RPC error with the call's own id, or, for agents whose client
// shows neither, a tool result. Once it runs: always a tool result. The data is the same everywhere.
import type { Answer, Call } from './call.ts'
import type { CallError } from './errors.ts'
import type { GuidanceOf } from './guidance.ts'

export const SERVER_INFO = { name: 'ledger-desk', version: '0.1.0' }

/** What of a call an error answer needs; before the body is read there is no more. */
export type Addressee = Pick<Call, 'id' | 'requestId'> & Partial<Pick<Call, 'era' | 'identity' | 'method' | 'answerHeaders'>>

const JSON_TYPE = { 'content-type': 'application/json' }

export function refusal(to: Addressee, error: CallError, guidance: GuidanceOf): Answer {
  const { entry, details } = error
  const told = toldOf(error)
  const wantsResult = entry.surface === 'tool' || to.identity?.errorSurface === 'tool'
  if (wantsResult && to.method === 'tools/call' && to.id !== null) {
    const result = toolError(error, to.requestId, guidance)
    const framed = to.era === 'modern' ? { ...result, resultType: 'complete', _meta: serverMeta() } : result
    const body = JSON.stringify({ jsonrpc: '2.0', id: to.id, result: framed })
    return { status: 200, headers: { ...to.answerHeaders, ...JSON_TYPE }, body, error: told }
  }
  const { headers } = guidance(error)
  const rpcError = { code: entry.rpcCode, message: error.message, data: errorData(error, to.requestId, guidance) }
  return {
    status: statusOf(error),
    headers: { ...to.answerHeaders, ...headers, ...details.headers, ...JSON_TYPE },
    body: JSON.stringify({ jsonrpc: '2.0', id: to.id, error: rpcError }),
    error: told,
  }
}

/** What would be a tool's result has a status of its own where there can be none: for a notification, an id that is none, a resource. */
function statusOf({ entry: { status, counts } }: CallError): number {
  if (status !== 200) return status
  return counts === 'business-error' ? 400 : 500
}

/** For the log, the metrics and the span. */
export function toldOf({ code, entry, details: { scope } }: CallError): NonNullable<Answer['error']> {
  return { code, counts: entry.counts, ...(scope !== undefined && { scope }) }
}

/** The result of a tool that failed. */
export function toolError(error: CallError, requestId: string, guidance: GuidanceOf) {
  return {
    content: [{ type: 'text' as const, text: `${error.code}: ${error.message}` }],
    structuredContent: errorData(error, requestId, guidance),
    isError: true,
  }
}

/** What an error says beside its sentence, wherever it is told. */
export function errorData(error: CallError, requestId: string, guidance: GuidanceOf): Record<string, unknown> {
  const { scope, limit, windowMs, data } = error.details
  return {
    ...data,
    code: error.code,
    retryable: error.entry.retryable,
    ...guidance(error).data,
    ...(scope !== undefined && { scope }),
    ...(limit !== undefined && { limit }),
    ...(windowMs !== undefined && { windowMs }),
    requestId,
  }
}

function serverMeta(): Record<string, unknown> {
  return { 'io.modelcontextprotocol/serverInfo': SERVER_INFO }
}
