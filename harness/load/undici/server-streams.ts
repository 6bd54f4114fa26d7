// What a server of the 2025 eras sends of its own accord to one agent. Its stream: a GET that is kept open beside the calls, opened again
// when it ends (after the wait that the server asked for, else 1 s) from the last event on, and given up for good where the server does not
// offer one or cannot be reached twice in a row. Its requests, on that stream or in the middle of a call's: `ping` is
// answered, anything else refused as a client does that has declared no capabilities. Notifications are read and let go.
//
// Bounds: 100 answers under way, beyond which requests stay unanswered; a stream lives no longer than its session's client.
// Not modelled: growing waits between reopenings (TypeScript SDK: ×1.5); a Python client's second try after a 405.
// Source: MCP 2025-11-25, Streamable HTTP; TypeScript SDK 1.32 (streamableHttp.ts), Python SDK 2.3 (handle_get_stream).
import type { Dispatcher } from 'undici'
import type { StreamCounts } from '../../history/load-line.ts'
import type { Streams } from '../engine.ts'
import { EventReader, isEventStream, type RpcMessage } from './event-reader.ts'

export const REOPEN_AFTER_MS = 1_000
const FAILURES_MAX = 2
const ANSWERS_MAX = 100
const METHOD_NOT_FOUND = -32_601

type Headers = Record<string, string>
/** Sends a request of this agent. */
export type Send = (method: 'GET' | 'POST', headers: Headers, body: string | null, handler: Dispatcher.DispatchHandler) => void

export class ServerStreams implements Streams {
  readonly seen: StreamCounts = { opened: 0, refused: 0, ended: 0, asked: 0, answered: 0 }
  readonly #send: Send
  #answering = 0

  constructor(send: Send) {
    this.#send = send
  }

  listen(headers: Headers): () => void {
    const stream = new ServerStream(this.#send, headers, this.seen, (message) => this.take(message, headers))
    stream.open()
    return () => stream.close()
  }

  /** @param headers of whatever it came on: its session and its token go with the answer */
  take({ id, method }: RpcMessage, headers: Headers): void {
    if (method === undefined || id === undefined || id === null) return
    this.seen.asked++
    if (this.#answering === ANSWERS_MAX) return
    this.#answering++
    const said = method === 'ping' ? { result: {} } : { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } }
    const body = JSON.stringify({ jsonrpc: '2.0', id, ...said })
    const ended = (status: number) => {
      this.#answering--
      if (status >= 200 && status < 300) this.seen.answered++
    }
    this.#send('POST', answerHeaders(headers), body, new Told(ended))
  }
}

/** An answer is no call: it has no id or trace of its own. */
function answerHeaders({ 'X-Request-Id': _id, traceparent: _trace, ...headers }: Headers): Headers {
  return { ...headers, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
}

/** Of the GET that goes on after this event. @param headers of what it belongs to: the server's own stream, or a call */
export function resumeHeaders(
  { 'X-Request-Id': _id, traceparent: _trace, 'Content-Type': _type, ...headers }: Headers,
  lastId: string,
): Headers {
  return { ...headers, Accept: 'text/event-stream', 'Last-Event-ID': lastId }
}

class ServerStream implements Dispatcher.DispatchHandler {
  readonly #send: Send
  readonly #headers: Headers
  readonly #seen: StreamCounts
  readonly #events: EventReader
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  #open = false
  #failures = 0
  #closed = false

  constructor(send: Send, headers: Headers, seen: StreamCounts, take: (message: RpcMessage) => void) {
    this.#send = send
    this.#headers = headers
    this.#seen = seen
    this.#events = new EventReader(take)
  }

  open(): void {
    const { lastId } = this.#events
    this.#send('GET', lastId ? resumeHeaders(this.#headers, lastId) : this.#headers, null, this)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#controller?.abort(new Error('closed'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#closed) controller.abort(new Error('closed'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return
    this.#open = statusCode === 200 && isEventStream(headers)
    if (this.#open) {
      this.#failures = 0
      this.#seen.opened++
    } else {
      this.#seen.refused++
      this.#closed = true
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#open) this.#events.feed(chunk)
  }

  onResponseEnd(): void {
    this.#again()
  }

  onResponseError(): void {
    this.#again()
  }

  #again(): void {
    if (this.#closed) return
    if (this.#open) this.#seen.ended++
    else this.#failures++
    this.#open = false
    this.#events.cut()
    if (this.#failures < FAILURES_MAX) this.#timer = setTimeout(() => this.open(), this.#events.retryMs ?? REOPEN_AFTER_MS)
  }
}

/** Whether an answer was taken; 0: it did not arrive. */
class Told implements Dispatcher.DispatchHandler {
  readonly #ended: (status: number) => void
  #status = 0

  constructor(ended: (status: number) => void) {
    this.#ended = ended
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#status = statusCode
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#ended(this.#status)
  }

  onResponseError(): void {
    this.#ended(0)
  }
}
