// A session of the harness's own with Postgres, through a link's canary door or straight: what canaries look with, and what
// holds a lock. It ends when it is disposed or when its signal aborts, whatever it waits for then.
import { Socket } from 'node:net'
import pg from 'pg'
import { hostAndPort, measured } from '../environment/canary.ts'
import type { Canary, Link } from '../environment/service.ts'

const CONNECT_LIMIT_MS = 15_000
const LOOK_LIMIT_MS = 5_000

export type Rows = Record<string, unknown>[]

export interface SessionOptions {
  /** Default: the superuser `postgres`. */
  user?: string
  database?: string
  password?: string
  signal?: AbortSignal
}

/** A fresh session through the link's canary door, then one statement, timed; at most `limitMs` (5 s) for both. */
export async function postgresLook(
  link: Link,
  statement: string,
  { limitMs = LOOK_LIMIT_MS, signal, ...who }: SessionOptions & { limitMs?: number } = {},
): Promise<Canary> {
  const attempt = async (stop: AbortSignal) => {
    await using session = await PostgresSession.open(link.canaryAddress, { ...who, signal: stop })
    const begunMs = performance.now()
    await session.ask(statement)
    return performance.now() - begunMs
  }
  return await measured(signal, attempt, limitMs)
}

export class PostgresSession implements AsyncDisposable {
  readonly #client: pg.Client
  readonly #socket: Socket
  readonly #forget: () => void
  /** Why it is over, as the server said, or `CLOSED`; undefined while it lives. */
  ended: string | undefined

  private constructor(client: pg.Client, socket: Socket, forget: () => void) {
    this.#client = client
    this.#socket = socket
    this.#forget = forget
    client.on('error', (error: Error & { code?: string }) => (this.ended ??= error.code ?? 'CLOSED'))
    client.on('end', () => (this.ended ??= 'CLOSED'))
  }

  /** @throws what the driver says: with a SQLSTATE or an errno as its `code` */
  static async open(
    address: string,
    { signal, user = 'postgres', database = 'postgres', password }: SessionOptions = {},
  ): Promise<PostgresSession> {
    signal?.throwIfAborted()
    const socket = new Socket()
    const client = new pg.Client({
      ...hostAndPort(address),
      user,
      database,
      ...(password !== undefined && { password }),
      ssl: false,
      application_name: 'stampede-canary',
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      stream: () => socket,
    })
    const stop = () => socket.destroy()
    signal?.addEventListener('abort', stop, { once: true })
    const session = new PostgresSession(client, socket, () => signal?.removeEventListener('abort', stop))
    try {
      await client.connect()
      return session
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Rows of one statement, or of the last one of several. */
  async ask(text: string, values?: unknown[]): Promise<Rows> {
    const result = (await (values ? this.#client.query(text, values) : this.#client.query(text))) as pg.QueryResult | pg.QueryResult[]
    return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
  }

  /** Cuts the connection without a goodbye, which a frozen server would never answer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget()
    this.#client.end().catch(() => {})
    this.#socket.destroySoon()
    this.#socket.unref()
  }
}
