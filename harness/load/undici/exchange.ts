// One request and its answer. A call that is given up is aborted in mid-stream, by closing its connection.
//
// An answer as an event stream is read as it comes, as the SDK's clients read it: the call is over once its message is there; what the
// server asks meanwhile is answered (server-streams.ts); and where a stream of the sessions' eras ends early after events with ids, a
// GET resumes it, for as long as the call has time. In the stateless era a broken stream loses the call, and servers ask nothing.
// Packed answers (Content-Encoding) are unpacked at their end, event streams too, as k6 does.
// Source: MCP 2025-11-25, Streamable HTTP (resumability); MCP 2026-07-28; TypeScript SDK 1.32.
import type { Dispatcher } from 'undici'
import type { RawAnswer } from '../evidence.ts'
import { isStateless, type Protocol } from '../request.ts'
import { EventReader, isEventStream, type RpcMessage } from './event-reader.ts'
import { REOPEN_AFTER_MS, resumeHeaders, type Send, type ServerStreams } from './server-streams.ts'
import { codeOf, transportOf } from './transport.ts'
import { unpacked } from './unpacked.ts'

const NO_HEADER = () => undefined

export interface Exchanging {
  streams: ServerStreams
  /** For whatever belongs to this exchange beside its request. */
  send: Send
  timeoutMs: number
  keepMs: number
  /** Its connection is free again. */
  done: () => void
}

type Headers = Record<string, string | string[] | undefined>

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: RawAnswer) => void
  readonly #given: Exchanging
  /** Of the request. The speaker's next one changes its id and trace, which nothing here looks at. */
  readonly #sent: Record<string, string>
  #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #over = false
  /** Its stream is closed, or must not be opened any more. */
  #closed = false
  #freed = false
  #status = 0
  #headers: Headers = {}
  #chunks: Buffer[] | undefined
  /** Of an answer as an event stream. */
  #events: EventReader | undefined

  constructor(resolve: (answer: RawAnswer) => void, sent: Record<string, string>, given: Exchanging) {
    this.#resolve = resolve
    this.#sent = sent
    this.#given = given
    this.#timer = setTimeout(() => this.#giveUp(), given.timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it waited for its connection: it must not leave any more.
    if (this.#closed) controller.abort(new Error('given up'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number, headers: Headers): void {
    // What is said beforehand (103) is no answer.
    if (statusCode < 200) return
    const isStream = statusCode === 200 && isEventStream(headers)
    if (this.#events && !isStream) {
      this.#events = undefined
      controller.abort(new Error(`the stream was not resumed: ${statusCode}`))
      return
    }
    this.#status = statusCode
    this.#headers = headers
    if (isStream) this.#events ??= new EventReader((message) => this.#read(message))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // Most answers come in one piece; a character may lie across two.
    this.#chunks ??= []
    this.#chunks.push(chunk)
    this.#events?.feed(chunk)
  }

  onResponseEnd(): void {
    this.#done()
    this.#events?.end()
    if (this.#resumes()) return
    clearTimeout(this.#timer)
    this.#answer()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#done()
    if (this.#resumes()) return
    clearTimeout(this.#timer)
    const transport = transportOf(error, this.#status !== 0, this.#chunks !== undefined)
    this.#fail(transport, `${codeOf(error)} ${error.message}`)
  }

  get #stateless(): boolean {
    return isStateless(this.#sent['MCP-Protocol-Version'] as Protocol)
  }

  #read(message: RpcMessage): void {
    if ('result' in message || 'error' in message) this.#answer()
    else if (!this.#stateless) this.#given.streams.take(message, this.#sent)
  }

  #answer(): void {
    const chunks = this.#chunks ?? []
    const headers = this.#headers
    const header = (name: string) => {
      const value = headers[name.toLowerCase()]
      return Array.isArray(value) ? value.join(', ') : value?.trim()
    }
    try {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
      this.#settle({ status: this.#status, header, body: unpacked(body, header('content-encoding')).toString() })
    } catch (error) {
      this.#fail('other', `the answer cannot be unpacked: ${error}`)
    }
  }

  /** A stream that ended before its answer, and can be taken up again. */
  #resumes(): boolean {
    const { lastId, retryMs = REOPEN_AFTER_MS } = this.#events ?? {}
    if (lastId === undefined || this.#over || this.#stateless) return false
    this.#events?.cut()
    this.#chunks = []
    setTimeout(() => this.#given.send('GET', resumeHeaders(this.#sent, lastId), null, this), retryMs)
    return true
  }

  /** Of its own connection: what resumes it has another. */
  #done(): void {
    if (this.#freed) return
    this.#freed = true
    this.#given.done()
  }

  #giveUp(): void {
    const { timeoutMs, keepMs } = this.#given
    this.#fail('timeout', `no answer within ${timeoutMs} ms`)
    if (keepMs > timeoutMs) this.#timer = setTimeout(() => this.#close(), keepMs - timeoutMs)
    else this.#close()
  }

  #close(): void {
    this.#closed = true
    this.#controller?.abort(new Error('given up'))
  }

  #fail(transport: NonNullable<RawAnswer['transport']>, why: string): void {
    const bytes = (this.#chunks ?? []).reduce((sum, chunk) => sum + chunk.length, 0)
    const transportText = bytes === 0 ? why : `${why}, after ${bytes} bytes of an answer that did not end`
    this.#settle({ status: 0, transport, transportText, header: NO_HEADER, body: '' })
  }

  #settle(answer: RawAnswer): void {
    if (this.#over) return
    this.#over = true
    this.#resolve(answer)
  }
}
