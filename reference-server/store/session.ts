// One call's hold on one connection, bound to the call's tenant: every statement runs in a transaction that sets
// `app.tenant` for row-level security first, sent in the same round trip.
// Cancelling: on abort `pg_cancel_backend` goes out on an administration connection, and the connection is given back only
// when both the query and the cancel have settled. Given back earlier, the late cancel kills the next caller's query.
// A query that does not end within `settleMs` of its cancel is cut, and counts as Postgres not answering. A connection whose
// cancel did not settle is cut too, even if its query has ended by itself: the cancel may still come.
// A read whose reused connection turns out dead is tried once more on another; a write never is.
// A read that sends too much is cut off while it comes (wire.ts).
import pg from 'pg'
import type { Call, Identity } from '../call.ts'
import type { Times } from '../controls/times.ts'
import { CallError } from '../errors.ts'
import { ATTRIBUTES, SPANS } from '../telemetry-names.ts'
import type { Admin } from './admin.ts'
import { told, toldToWriter } from './failures.ts'
import { type Connection, type Connections, isConnectionFailure } from './postgres.ts'
import { together, whenTooMuch } from './wire.ts'

export interface Statement {
  text: string
  values: unknown[]
}

export type Row = Record<string, unknown>

export interface Transaction {
  query(statement: Statement): Promise<Row[]>
}

export interface Write<T> {
  /** Sent together with BEGIN. */
  first?: Statement
  /** What depends on it. `last` is sent together with COMMIT. */
  work(firstRows: Row[], transaction: Transaction): Promise<{ value: T; last?: Statement }>
}

export interface SessionOptions {
  connections: Connections
  admin: Admin
  call: Call
  identity: Identity
  clock: () => number
  times: Times
}

export class Session {
  readonly #options: SessionOptions
  #connection: Connection
  #broken = false

  private constructor(options: SessionOptions, connection: Connection) {
    this.#options = options
    this.#connection = connection
  }

  /** @throws CallError DEPENDENCY_UNAVAILABLE, or the call's own abort reason */
  static async open(options: SessionOptions): Promise<Session> {
    const { call, connections } = options
    call.abort.signal.throwIfAborted()
    try {
      return new Session(options, await connections.open())
    } catch (error) {
      call.facts.postgres = 'down'
      throw told(error)
    }
  }

  /**
   * One statement in a read-only transaction, over the extended protocol alone: a second statement hidden in the text is a
   * syntax error, not a way out of the transaction.
   */
  async read(statement: Statement): Promise<Row[]> {
    try {
      return await this.#read(statement)
    } catch (error) {
      const deadConnection = isConnectionFailure(error) && !(error instanceof CallError)
      if (!deadConnection || !this.#connection.reused || this.#signal.aborted) throw this.#failed(error)
      try {
        this.#connection.release(true)
        this.#connection = await this.#options.connections.open()
        return await this.#read(statement)
      } catch (again) {
        throw this.#failed(again)
      }
    }
  }

  /** A transaction of several statements; rolled back when anything fails or the call is aborted before COMMIT has left. */
  async write<T>({ first, work }: Write<T>): Promise<T> {
    const { facts } = this.#options.call
    try {
      return await this.#run(SPANS.postgresWrite, async (client) => {
        const query = async ({ text, values }: Statement): Promise<Row[]> => (await client.query({ text, values })).rows
        try {
          const [, rows] = await together(client, () => [client.query(this.#opening('begin')), first ? query(first) : Promise.resolve([])])
          const { value, last } = await work(rows, { query })
          this.#signal.throwIfAborted()
          facts.commitSent = true
          await together(client, () => [last ? query(last) : Promise.resolve([]), client.query('commit')])
          return value
        } catch (error) {
          const answered = error instanceof CallError || !isConnectionFailure(error)
          // Postgres answers COMMIT of a failed transaction with ROLLBACK: an error it has told means that nothing was written.
          if (answered) facts.commitSent = false
          if (answered) await client.query('rollback').catch(() => undefined)
          throw error
        }
      })
    } catch (error) {
      if (facts.commitSent && isConnectionFailure(error)) throw this.#unknown(error)
      throw toldToWriter(this.#failed(error))
    }
  }

  /** Gives the connection back; one that is not idle outside a transaction is not fit for the next caller. */
  async close(): Promise<void> {
    const idle = this.#connection.client.getTransactionStatus() === 'I'
    this.#connection.release(this.#broken || !idle)
  }

  get #signal(): AbortSignal {
    return this.#options.call.abort.signal
  }

  async #read({ text, values }: Statement): Promise<Row[]> {
    return await this.#run(SPANS.postgresRead, async (client) => {
      const config = { text, values, queryMode: 'extended' } as pg.QueryConfig
      const [, answer] = await together(client, () => [
        client.query(this.#opening('begin read only')),
        client.query(config),
        client.query('rollback'),
      ])
      return answer.rows as Row[]
    })
  }

  #opening(begin: string): string {
    const { identity, call, clock, times } = this.#options
    const leftMs = Math.max(1, Math.ceil(call.deadlineAtMs - clock()))
    const timeout = Number.isFinite(leftMs) ? `; set local statement_timeout = ${times.statementMs(leftMs)}` : ''
    const tag = `/* agent=${commentSafe(identity.agent)} tool=${call.tool?.name ?? ''} trace=${call.traceId ?? ''} */ `
    return `${tag}${begin}; set local app.tenant = ${pg.escapeLiteral(identity.tenant)}${timeout}`
  }

  /** Runs work on the connection and returns only when it and any cancel of it have settled, or the connection is cut. */
  async #run<T>(name: string, work: (client: Connection['client']) => Promise<T>): Promise<T> {
    const { admin, call, clock, times } = this.#options
    this.#signal.throwIfAborted()
    const connection = this.#connection
    const cutting = Promise.withResolvers<never>()
    cutting.promise.catch(() => undefined)
    let cancelling: Promise<boolean> | undefined
    let timer: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      cancelling = admin.cancel(connection.client.processID)
      timer = setTimeout(() => {
        this.#broken = true
        call.facts.postgres = 'down'
        connection.release(true)
        cutting.reject(this.#signal.reason)
      }, times.settleMs)
    }
    const tooMuch = (why: CallError): void => {
      this.#broken = true
      connection.release(true)
      cutting.reject(why)
    }
    const unwatch = name === SPANS.postgresRead ? whenTooMuch(connection, tooMuch) : undefined
    this.#signal.addEventListener('abort', onAbort, { once: true })
    const startedMs = clock()
    const span = call.trace?.child(name, { [ATTRIBUTES.dbSystem]: 'postgresql' })
    let failed: unknown
    try {
      const value = await Promise.race([work(connection.client), cutting.promise])
      call.facts.postgres ??= 'up'
      return value
    } catch (error) {
      failed = error
      throw error
    } finally {
      span?.end(failed)
      unwatch?.()
      call.facts.dbMs += clock() - startedMs
      this.#signal.removeEventListener('abort', onAbort)
      clearTimeout(timer)
      if ((await cancelling) === false) this.#broken = true
    }
  }

  #failed(error: unknown): unknown {
    const { facts } = this.#options.call
    if (this.#signal.aborted) return this.#signal.reason
    if (error instanceof CallError) return error
    const failed = isConnectionFailure(error)
    if (failed) this.#broken = true
    facts.postgres = failed ? 'down' : 'up'
    return told(error)
  }

  #unknown(cause: unknown): CallError {
    this.#options.call.facts.postgres = 'down'
    this.#broken = true
    return new CallError('OUTCOME_UNKNOWN', 'The connection broke while the write was committed: read back before asking again.', { cause })
  }
}

function commentSafe(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_')
}
