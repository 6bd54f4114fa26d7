// One agent's connections: kept alive, as many as it has calls and streams under way, shared with no other agent. Redirects are not followed
// and no cookie is kept, as real clients of MCP.
// undici never sends a POST again: what was not yet written when a connection broke goes out on the next, the rest is an error.
import { Pool } from 'undici'
import type { Tls } from '../driver.ts'
import type { RawAnswer } from '../evidence.ts'
import type { WireRequest } from '../request.ts'
import { Exchange } from './exchange.ts'
import type { RateCap } from './rate-cap.ts'
import { type Send, ServerStreams } from './server-streams.ts'

/** Beyond any server's own, so that the server's hint decides. */
const KEEP_ALIVE_MS = 60_000
const CONNECT_WITHIN_MS = 30_000

export class Connections {
  readonly #pool: Pool
  readonly #path: string
  readonly #cap: RateCap | undefined
  /** What the server sends of its own accord. */
  readonly streams: ServerStreams

  constructor(url: string, tls: Tls = {}, cap?: RateCap) {
    this.#cap = cap
    this.streams = new ServerStreams(this.#besides)
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
      // As the stock clients, and as k6 here: HTTP/1.1, a connection for each call under way.
      allowH2: false,
      // As long as k6 tries.
      connectTimeout: CONNECT_WITHIN_MS,
      connect: { ...tls, noDelay: true },
    })
  }

  /** Never rejects. */
  post(request: WireRequest, timeoutMs: number, keepMs: number): Promise<RawAnswer> {
    if (!this.#cap) return this.#send(request, timeoutMs, keepMs)
    // The speaker's next request changes the headers that it gave: what waits must keep its own.
    const kept = { headers: { ...request.headers }, body: request.body }
    return this.#cap.turn().then(() => this.#send(kept, timeoutMs, keepMs))
  }

  #send({ headers, body }: WireRequest, timeoutMs: number, keepMs: number): Promise<RawAnswer> {
    return new Promise((resolve) => {
      const exchange = new Exchange(resolve, headers, { timeoutMs, keepMs, streams: this.streams, send: this.#besides })
      this.#pool.dispatch({ path: this.#path, method: 'POST', headers, body }, exchange)
    })
  }

  /** What is no call: held to the cap all the same. */
  readonly #besides: Send = (method, headers, body, handler) => {
    const send = () => void this.#pool.dispatch({ path: this.#path, method, headers, body }, handler)
    if (this.#cap) void this.#cap.turn().then(send)
    else send()
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
