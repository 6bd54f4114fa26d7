// One agent's connections: kept alive, as many as it has calls under way, shared with no other agent. A call that is given up is
// aborted in mid-stream, by closing its connection; redirects are not followed and no cookie is kept, as real clients of MCP.
// undici never sends a POST again: what was not yet written when a connection broke goes out on the next, the rest is an error.
import { type Dispatcher, Pool } from 'undici'
import type { Tls } from '../driver.ts'
import type { RawAnswer } from '../evidence.ts'
import type { WireRequest } from '../request.ts'
import type { Gate } from './gate.ts'
import { codeOf, transportOf } from './transport.ts'

/** Beyond any server's own, so that the server's hint decides. */
const KEEP_ALIVE_MS = 60_000
const NO_HEADER = () => undefined

export class Connections {
  readonly #pool: Pool
  readonly #path: string
  readonly #gate: Gate | undefined

  constructor(url: string, tls: Tls = {}, gate?: Gate) {
    this.#gate = gate
    const { origin, pathname, search } = new URL(url)
    this.#path = `${pathname}${search}`
    this.#pool = new Pool(origin, {
      connections: null,
      pipelining: 1,
      // An agent's own timeout is the only one.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS * 10,
      connect: { ...tls, noDelay: true },
    })
  }

  /** Never rejects. */
  post(request: WireRequest, timeoutMs: number, keepMs: number): Promise<RawAnswer> {
    if (!this.#gate) return this.#send(request, timeoutMs, keepMs)
    // The speaker's next request changes the headers that it gave: what waits must keep its own.
    const kept = { headers: { ...request.headers }, body: request.body }
    return this.#gate.turn().then(() => this.#send(kept, timeoutMs, keepMs))
  }

  #send({ headers, body }: WireRequest, timeoutMs: number, keepMs: number): Promise<RawAnswer> {
    return new Promise((resolve) => {
      const exchange = new Exchange(resolve, timeoutMs, keepMs)
      this.#pool.dispatch({ path: this.#path, method: 'POST', headers, body }, exchange)
    })
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

type Headers = Record<string, string | string[] | undefined>

class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: RawAnswer) => void
  #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #over = false
  /** Its stream is closed, or must not be opened any more. */
  #closed = false
  #status = 0
  #headers: Headers = {}
  #body = ''
  #chunks: Buffer[] | undefined

  constructor(resolve: (answer: RawAnswer) => void, timeoutMs: number, keepMs: number) {
    this.#resolve = resolve
    this.#timer = setTimeout(() => this.#giveUp(timeoutMs, keepMs), timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it waited for its connection: it must not leave any more.
    if (this.#closed) controller.abort(new Error('given up'))
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: Headers): void {
    this.#status = statusCode
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // Most answers come in one piece; a character may lie across two.
    this.#chunks ??= []
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const chunks = this.#chunks
    if (chunks) this.#body = chunks.length === 1 ? (chunks[0] as Buffer).toString() : Buffer.concat(chunks).toString()
    const headers = this.#headers
    this.#settle({
      status: this.#status,
      header: (name) => {
        const value = headers[name.toLowerCase()]
        return Array.isArray(value) ? value.join(', ') : value
      },
      body: this.#body,
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const transport = transportOf(error, this.#status !== 0, this.#chunks !== undefined)
    this.#settle({ status: 0, transport, transportText: `${codeOf(error)} ${error.message}`, header: NO_HEADER, body: '' })
  }

  #giveUp(timeoutMs: number, keepMs: number): void {
    this.#settle({ status: 0, transport: 'timeout', transportText: `no answer within ${timeoutMs} ms`, header: NO_HEADER, body: '' })
    if (keepMs > timeoutMs) this.#timer = setTimeout(() => this.#close(), keepMs - timeoutMs)
    else this.#close()
  }

  #close(): void {
    this.#closed = true
    this.#controller?.abort(new Error('given up'))
  }

  #settle(answer: RawAnswer): void {
    clearTimeout(this.#timer)
    if (this.#over) return
    this.#over = true
    this.#resolve(answer)
  }
}
