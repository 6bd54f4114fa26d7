// HTTP in, HTTP out: reads one bounded JSON-RPC message, hands it to the controls, writes the answer, writes one log line. Nothing
// here decides anything about the call; what is refused here could not be read as one.
// Bounds, in this order: connections and their time (sockets.ts), requests of an address (address-guard.ts), bytes of all bodies
// (bodies.ts), one body BODY_MAX_BYTES (1 MiB) while it is read, nesting 32 deep, no arrays (the SDK's legacy leg would run up to 100
// calls of one POST past the limiter). Keep-alive outlives the clients', so that none is closed under a request.
// A disconnect cancels a call of 2026-07-28 (MUST) and leaves a 2025 one running (SHOULD NOT).
import type http from 'node:http'
import { type AddressGuard, guardAddresses } from './address-guard.ts'
import { createListener } from './auth/listener.ts'
import { resourceMetadata } from './auth/protected-resource.ts'
import type { Body } from './bodies.ts'
import { messageIn, readBody } from './body.ts'
import type { Answer, Call } from './call.ts'
import type { Next } from './controls/control.ts'
import { asCallError, CallError } from './errors.ts'
import { callOf, headerId, idOf, nextNumber } from './incoming.ts'
import { type Addressee, refusal } from './refusal.ts'
import type { Running } from './running.ts'
import { addressOf, boundSockets, type Sockets, TIMERS } from './sockets.ts'
import { event, offerStream } from './stream.ts'

const ROUTES = new Set(['/v1/mcp', '/mcp'])

export function createHttpServer(running: Running, pipeline: Next): http.Server {
  const { settings, clock, metrics } = running
  const server = createListener(settings, TIMERS)
  const { CONNECTIONS_MAX: max, ADDRESS_CONNECTIONS_MAX: perAddressMax } = settings
  const sockets = boundSockets(server, { max, perAddressMax, clock, cut: (why) => metrics.connectionsCut.inc({ why }) })
  const addresses = guardAddresses(settings, clock)
  const serving: Serving = { running, pipeline, sockets, addresses }
  server.on('request', (request, response) => {
    // Whatever happens in there is answered and logged in there; a rejection would be a mistake of ours.
    handle(serving, request, response).catch((error: unknown) => {
      running.log.problem('a request could not be answered', error)
      response.destroy()
    })
  })
  return server
}

interface Serving {
  running: Running
  pipeline: Next
  sockets: Sockets
  addresses: AddressGuard
}

async function handle(serving: Serving, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const { running, sockets } = serving
  const startedAtMs = running.clock()
  const reached: Reached = {
    requestId: headerId(request) ?? `${running.settings.INSTANCE}-${nextNumber()}`,
    call: undefined,
    body: undefined,
    response,
  }
  running.inFlight += 1
  running.metrics.entered(running.inFlight)
  let answer: Answer | undefined
  response.on('close', () => {
    if (!response.writableFinished) goneBeforeAnswer(reached.call)
  })
  try {
    answer = await answerTo(serving, request, reached, startedAtMs)
    write(running, response, answer)
  } finally {
    running.inFlight -= 1
    reached.body?.end()
    sockets.idle(request.socket)
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
  body: Body | undefined
  response: http.ServerResponse
}

async function answerTo(serving: Serving, request: http.IncomingMessage, reached: Reached, startedAtMs: number): Promise<Answer> {
  const { running, pipeline, sockets, addresses } = serving
  let to: Addressee = { id: null, requestId: reached.requestId }
  try {
    addresses.admit(addressOf(request.socket))
    const document = request.method === 'GET' ? documentAt(running, request) : undefined
    if (document) return document
    refuseByRoute(request)
    const text = await bodyOf(running, request, reached)
    sockets.atWork(request.socket)
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
    const told = asCallError(thrown)
    const error = told.code === 'UNAUTHENTICATED' ? addresses.failed(addressOf(request.socket), told) : told
    if (error.code === 'INTERNAL') running.log.problem('a control failed', error.cause, { request_id: reached.requestId })
    return refusal(to, error, running.guidance)
  }
}

async function bodyOf({ settings, bodies, metrics }: Running, request: http.IncomingMessage, reached: Reached): Promise<string> {
  const body = bodies.begin(() => {
    request.destroy()
    metrics.connectionsCut.inc({ why: 'unheard' })
  })
  reached.body = body
  const text = await readBody(request, settings.BODY_MAX_BYTES, body.more)
  body.whole()
  return text
}

/** What is read before there is a token: who issues them. */
function documentAt({ settings, tools, resources }: Running, request: http.IncomingMessage): Answer | undefined {
  const document = resourceMetadata(request.url?.split('?')[0] ?? '', settings, [...tools.values(), ...resources.values()])
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
