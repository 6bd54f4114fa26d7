// One agent's connections: kept alive, as many as it has calls and streams under way, shared with no other agent. Redirects are
// not followed and no cookie is kept, as real clients of MCP. A connection is free again with the last byte of its answer:
// undici's own pool takes it for busy until the event loop has turned, so that an agent which calls again at once would have two.
// undici never sends a POST again: what was not yet written when a connection broke goes out on the next, the rest is an error.
import { Client, Pool } from 'undici'
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
  readonly #origin: string
  readonly #path: string
  readonly #options: Client.Options
  readonly #cap: RateCap | undefined
  /** Of calls, one connection each. */
  readonly #all: Client[] = []
  /** Those that have none under way, the last used last. */
  readonly #free: Client[] = []
  /** For what is no call. */
  #pool: Pool | undefined
  /** What the server sends of its own accord. */
  readonly streams: ServerStreams

  constructor(url: string, tls: Tls = {}, cap?: RateCap) {
    this.#cap = cap
    this.streams = new ServerStreams(this.#besides)
    const { origin, pathname, search } = new URL(url)
    this.#origin = origin
    this.#path = `${pathname}${search}`
    this.#options = {
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
    }
  }

  /** @param read makes of the answer what this resolves to; what it throws, this rejects with */
  post<T>(request: WireRequest, timeoutMs: number, keepMs: number, read: (raw: RawAnswer) => T): Promise<T> {
    if (!this.#cap) return this.#send(request, timeoutMs, keepMs, read)
    // The speaker's next request changes the headers that it gave: what waits must keep its own.
    const kept = { headers: { ...request.headers }, body: request.body }
    return this.#cap.turn().then(() => this.#send(kept, timeoutMs, keepMs, read))
  }

  #send<T>({ headers, body }: WireRequest, timeoutMs: number, keepMs: number, read: (raw: RawAnswer) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const client = this.#free.pop() ?? this.#another()
      const told = (raw: RawAnswer) => {
        try {
          resolve(read(raw))
        } catch (error) {
          reject(error)
        }
      }
      const done = () => void this.#free.push(client)
      const exchange = new Exchange(told, headers, { timeoutMs, keepMs, streams: this.streams, send: this.#besides, done })
      client.dispatch({ path: this.#path, method: 'POST', headers, body }, exchange)
    })
  }

  #another(): Client {
    const client = new Client(this.#origin, this.#options)
    this.#all.push(client)
    return client
  }

  /** What is no call: held to the cap all the same. */
  readonly #besides: Send = (method, headers, body, handler) => {
    this.#pool ??= new Pool(this.#origin, { ...this.#options, connections: null })
    const pool = this.#pool
    const send = () => void pool.dispatch({ path: this.#path, method, headers, body }, handler)
    if (this.#cap) void this.#cap.turn().then(send)
    else send()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all, this.#pool].map((one) => one?.destroy()))
  }
}
