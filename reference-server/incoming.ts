// One HTTP request and its JSON-RPC message as a Call: ids, era, tool, where its trace comes from.
import type http from 'node:http'
import { certificateOf } from './auth/listener.ts'
import type { Call, Era } from './call.ts'
import { CallError } from './errors.ts'
import type { Running } from './running.ts'
import { parentIn, SANE_ID } from './traces.ts'

const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion'

/** @throws CallError INVALID_REQUEST when it names no method */
export function callOf(
  running: Running,
  request: http.IncomingMessage,
  message: Record<string, unknown>,
  fallbackId: string,
  startedAtMs: number,
): Call {
  const id = idOf(message)
  const { method } = message
  if (typeof method !== 'string') throw new CallError('INVALID_REQUEST', 'The message has no method.')
  const params = record(message.params)
  const tool = method === 'tools/call' && typeof params?.name === 'string' ? running.tools.get(params.name) : running.resources.get(method)
  const { _meta, ...parameters } = params ?? {}
  const given = method === 'tools/call' ? (record(params?.arguments) ?? {}) : parameters
  const traceparent = record(params?._meta)?.traceparent ?? request.headers.traceparent
  const parent = parentIn(traceparent)
  const certificate = certificateOf(request.socket)
  const trace = running.traces.begin({ method, tool: tool?.name, parent, ageMs: running.clock() - startedAtMs })
  return {
    requestId: headerId(request) ?? (id !== null && SANE_ID.test(String(id)) ? String(id) : fallbackId),
    leaseId: `${running.settings.INSTANCE}-${process.pid}-${nextNumber()}`,
    id,
    era: eraOf(request, params),
    method,
    message,
    headers: request.headers,
    traceId: trace?.traceId ?? parent?.traceId,
    traceparent: parent && (traceparent as string),
    trace,
    startedAtMs,
    abort: new AbortController(),
    facts: { queueMs: 0, dbMs: 0, upstreamMs: 0, commitSent: false, replayed: false },
    answerHeaders: {},
    deadlineAtMs: Number.POSITIVE_INFINITY,
    ...(certificate !== undefined && { certificate }),
    ...(tool && { tool, arguments: given }),
  }
}

/** The era whose rules bind this message; the SDK decides the same way. */
function eraOf(request: http.IncomingMessage, params: Record<string, unknown> | undefined): Era {
  const named = record(params?._meta)?.[PROTOCOL_VERSION] ?? request.headers['mcp-protocol-version']
  return typeof named === 'string' && named >= '2026' ? 'modern' : 'legacy'
}

export function idOf({ id }: Record<string, unknown>): string | number | null {
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

export function headerId(request: http.IncomingMessage): string | undefined {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SANE_ID.test(given) ? given : undefined
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
}

let number = 0
export function nextNumber(): number {
  number += 1
  return number
}
