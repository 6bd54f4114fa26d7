// HTTP in, HTTP out: reads one bounded JSON-RPC message, hands it to the controls, writes the answer, writes one log line. Nothing
// here decides anything about the call; what is refused here could not be read as one.
// Bounds: body BODY_MAX_BYTES (1 MiB), nesting 32 deep, no arrays (the SDK's legacy leg would run up to 100 calls of one POST past
// the limiter), connections, headers and request time. Keep-alive outlives the clients', so that none is closed under a request.
// A disconnect cancels a call of 2026-07-28 (MUST) and leaves a 2025 one running (SHOULD NOT).
import type http from 'node:http'
import { certificateOf, createListener } from './auth/listener.ts'
import { resourceMetadata } from './auth/protected-resource.ts'
import { messageIn, readBody } from './body.ts'
import type { Answer, Call, Era } from './call.ts'
import type { Next } from './controls/control.ts'
import { asCallError, CallError } from './errors.ts'
import { type Addressee, refusal } from './refusal.ts'
import type { Running } from './running.ts'
import { event, offerStream } from './stream.ts'
import { parentIn, SANE_ID } from './traces.ts'

const ROUTES = new Set(['/v1/mcp', '/mcp'])
const KEEP_ALIVE_MS = 75_000
const REQUEST_MS = 15_000
const PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion'

export function createHttpServer(running: Running, pipeline: Next): http.Server {
  const bounds = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 10_000, requestTimeout: REQUEST_MS }
  const server = createListener(running.settings, bounds)
  server.maxConnections = running.settings.CONNECTIONS_MAX
  server.on('request', (request, response) => {
    // Whatever happens in there is answered and logged in there; a rejection would be a mistake of ours.
    handle(running, pipeline, request, response).catch((error: unknown) => {
      running.log.problem('a request could not be answered', error)
      response.destroy()
    })
  })
  return server
}

async function handle(running: Running, pipeline: Next, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const startedAtMs = running.clock()
  const reached: Reached = { requestId: headerId(request) ?? `${running.settings.INSTANCE}-${nextNumber()}`, call: undefined, response }
  running.inFlight += 1
  running.metrics.entered(running.inFlight)
  let answer: Answer | undefined
  response.on('close', () => {
    if (!response.writableFinished) goneBeforeAnswer(reached.call)
  })
  try {
    answer = await answerTo(running, pipeline, request, reached, startedAtMs)
    write(running, response, answer)
  } finally {
    running.inFlight -= 1
    const durationMs = running.clock() - startedAtMs
    const { call, requestId } = reached
    const gone = response.destroyed && !response.writableFinished
    const told = gone ? undefined : answer
    running.log.request({ requestId, durationMs, gone, ...(call && { call }), ...(told && { answer: told }) })
    running.metrics.answered(call, told, durationMs)
    if (call) running.usage.add(call, told?.error !== undefined)
    if (call) call.trace?.end(call, told)
  }
}

/** What is known of a request so far: grows while it is read. */
interface Reached {
  requestId: string
  call: Call | undefined
  response: http.ServerResponse
}

async function answerTo(
  running: Running,
  pipeline: Next,
  request: http.IncomingMessage,
  reached: Reached,
  startedAtMs: number,
): Promise<Answer> {
  let to: Addressee = { id: null, requestId: reached.requestId }
  try {
    const document = request.method === 'GET' ? documentAt(running, request) : undefined
    if (document) return document
    refuseByRoute(request)
    const text = await readBody(request, running.settings.BODY_MAX_BYTES)
    const bodyMs = running.clock() - startedAtMs
    const message = messageIn(text)
    to = { ...to, id: idOf(message) }
    const call = callOf(running, request, message, reached.requestId, startedAtMs)
    call.facts.bodyMs = bodyMs
    offerStream(call, reached.response, running.settings.INSTANCE)
    reached.call = call
    reached.requestId = call.requestId
    to = call
    return await pipeline(call)
  } catch (thrown) {
    const error = asCallError(thrown)
    if (error.code === 'INTERNAL') running.log.problem('a control failed', error.cause, { request_id: reached.requestId })
    return refusal(to, error, running.guidance)
  }
}

/** What is read before there is a token: who issues them. */
function documentAt({ settings, tools }: Running, request: http.IncomingMessage): Answer | undefined {
  const document = resourceMetadata(request.url?.split('?')[0] ?? '', settings, tools)
  const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=3600', 'access-control-allow-origin': '*' }
  return document && { status: 200, headers, body: JSON.stringify(document) }
}

function refuseByRoute(request: http.IncomingMessage): void {
  const path = request.url?.split('?')[0] ?? ''
  if (!ROUTES.has(path)) throw new CallError('METHOD_NOT_FOUND', 'The endpoint is /v1/mcp.')
  if (request.method !== 'POST') throw new CallError('METHOD_NOT_ALLOWED', 'Only POST is served here.', { headers: { allow: 'POST' } })
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new CallError('UNSUPPORTED_MEDIA_TYPE', 'Send application/json.')
}

function callOf(
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

function goneBeforeAnswer(call: Call | undefined): void {
  if (call?.era === 'modern') call.abort.abort(new CallError('TOOL_TIMEOUT', 'The caller went away.'))
}

function write({ settings, draining }: Running, response: http.ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return
  if (response.headersSent) return void response.end(event(body))
  response.writeHead(status, {
    ...headers,
    'x-instance': settings.INSTANCE,
    'access-control-expose-headers': 'Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit-Minute, X-RateLimit-Remaining-Minute',
    ...(draining && { connection: 'close' }),
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

function idOf({ id }: Record<string, unknown>): string | number | null {
  return typeof id === 'string' || typeof id === 'number' ? id : null
}

function headerId(request: http.IncomingMessage): string | undefined {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && SANE_ID.test(given) ? given : undefined
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
}

let number = 0
function nextNumber(): number {
  number += 1
  return number
}
