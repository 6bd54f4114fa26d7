// The MCP SDK, as the last step before the tool: by now the call is known, allowed and has its connection. The SDK validates the
// envelope, frames the result for its era, and answers discovery. Here both eras get JSON; progress goes past the SDK (stream.ts).
// Traps of the SDK, measured: schemas built in the factory cost four fifths of the throughput, so listings are hoisted; its legacy
// leg answers in SSE unless the transport is made by hand; an abort signal on its Request makes it answer while the tool still
// runs, so it gets none: the deadline control answers in time, and this returns when the tool has let go.
import { createMcpHandler, Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { Answer, Call } from './call.ts'
import type { Next } from './controls/control.ts'
import { asCallError, type CallError } from './errors.ts'
import { SERVER_INFO, toldOf } from './refusal.ts'
import type { Running } from './running.ts'

export interface Protocol {
  answer: Next
  close(): Promise<void>
}

export function createProtocol(running: Running): Protocol {
  const calls = new WeakMap<Request, Call>()
  const modern = createMcpHandler(({ requestInfo }) => serverFor(running, requestInfo && calls.get(requestInfo)), {
    legacy: 'reject',
    responseMode: 'json',
    keepAliveMs: 0,
  })
  return {
    async answer(call) {
      const request = requestOf(call)
      calls.set(request, call)
      const response =
        call.era === 'modern' ? await modern.fetch(request, { parsedBody: call.message }) : await legacy(running, call, request)
      const headers = { ...call.answerHeaders, ...Object.fromEntries(response.headers) }
      const failed = failures.get(call)
      const answer: Answer = { status: response.status, headers, body: await response.text() }
      return failed ? { ...answer, error: toldOf(failed) } : answer
    },
    close: () => modern.close(),
  }
}

/** What a tool failed with, for the log: inside the SDK it is only a result. */
const failures = new WeakMap<Call, CallError>()

async function legacy(running: Running, call: Call, request: Request): Promise<Response> {
  const server = serverFor(running, call)
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  try {
    return await transport.handleRequest(request, { parsedBody: call.message })
  } finally {
    await server.close()
  }
}

/** The SDK wants a web Request; the body travels parsed, and only headers that it reads come along. */
function requestOf({ headers }: Call): Request {
  const kept: Record<string, string> = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }
  for (const name of ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id']) {
    const value = headers[name]
    if (typeof value === 'string') kept[name] = value
  }
  return new Request('http://desk.local/v1/mcp', { method: 'POST', headers: kept })
}

function serverFor(running: Running, call: Call | undefined): Server {
  const { options, offer } = running.offers
  const { capabilities = {} } = options
  const server = new Server(SERVER_INFO, call?.era === 'legacy' ? { capabilities } : options)
  if (call) offer(server, { running, call, failed: (thrown) => failed(running, call, thrown) })
  return server
}

function failed(running: Running, call: Call, thrown: unknown): CallError {
  const error = asCallError(thrown)
  failures.set(call, error)
  if (error.code === 'INTERNAL') running.log.problem('a tool failed', error.cause, { request_id: call.requestId, tool: call.tool?.name })
  return error
}
