// Connections to Postgres: one pg pool a bulkhead, and two connections of administration (cancel, keys).
// Traps of pg, each handled here or in session.ts: a pool without 'error' listeners ends the process when an idle client is
// terminated; a lent client without one does the same; `query_timeout` leaves the query running, so the timeouts are the
// session's; connecting has no bound unless given; `pool.end()` waits for ever.
// A bulkhead's queue hands out as many slots as the pool has connections, so pg's own unbounded queue stays empty.
import pg from 'pg'
import { DEPTH_MAX, depthOf } from '../body.ts'
import type { Times } from '../controls/times.ts'

export interface Connection {
  readonly client: pg.PoolClient & { processID: number; getTransactionStatus(): string | null }
  /** It served an earlier call: it may have died since, unnoticed. */
  readonly reused: boolean
  /** @param broken the connection is not to be used again */
  release(broken: boolean): void
}

export interface Connections {
  /** @throws the network's or Postgres' own error */
  open(): Promise<Connection>
  readonly used: number
  readonly idle: number
  /** Ends all connections, at most waiting `withinMs`. */
  close(withinMs: number): Promise<void>
}

export interface ConnectionsOptions {
  url: string
  name: string
  max: number
  times: Times
  /** Sessions of a pool that only reads: even outside a transaction they cannot write, and see what the role may see. */
  readOnlyRole?: string
}

export type OpenConnections = (options: ConnectionsOptions) => Connections

/** Idle this long, a connection is closed, ms: long enough that steady traffic never reconnects. */
const IDLE_MS = 60_000

export const pooledConnections: OpenConnections = (options) => {
  const pool = new pg.Pool(poolConfig(options))
  pool.on('error', () => undefined)
  const served = new WeakSet<object>()
  let used = 0
  return {
    get used() {
      return used
    },
    get idle() {
      return pool.idleCount
    },
    async open() {
      // Counted from here on: a connection being made is one that Postgres will have.
      used += 1
      try {
        const client = (await pool.connect()) as Connection['client']
        const reused = served.has(client)
        served.add(client)
        return lent(client, reused, () => (used -= 1))
      } catch (error) {
        used -= 1
        throw error
      }
    },
    close: (withinMs) => endWithin(pool, withinMs),
  }
}

/** A client on loan: its errors are noticed by whoever waits for its queries. */
export function lent(client: Connection['client'], reused: boolean, returned: () => void): Connection {
  const onError = (): void => undefined
  client.on('error', onError)
  let released = false
  return {
    client,
    reused,
    release(broken) {
      if (released) return
      released = true
      client.off('error', onError)
      // pg waits for a goodbye that a silent server never sends: a broken connection is cut.
      if (broken) (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
      client.release(broken)
      returned()
    },
  }
}

/** Postgres on Windows cannot look. */
const WATCHES_CLIENT = process.platform !== 'win32'

function reading(role: string): string[] {
  return ['default_transaction_read_only=on', `role=${role}`, 'search_path=ledger']
}

export function poolConfig({ url, name, max, times, readOnlyRole }: ConnectionsOptions): pg.PoolConfig {
  const options = [
    ...(WATCHES_CLIENT ? [`client_connection_check_interval=${times.orphanMs}`] : []),
    ...(readOnlyRole ? reading(readOnlyRole) : []),
  ]
  return {
    ...(options.length > 0 && { options: options.map((option) => `-c ${option}`).join(' ') }),
    connectionString: url,
    max,
    application_name: `ledger-desk ${name}`,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
    // Statements of one transaction leave together: a read costs one round trip.
    pipeline: true,
    types: { getTypeParser },
    ...times.session,
  } as pg.PoolConfig
}

const { JSON: json, JSONB: jsonb } = pg.types.builtins
const JSON_ARRAYS = [199, 3807]

/**
 * Dates stay as written, whole numbers are numbers where they fit: JSON for a model, not objects for a program. JSON that is nested too
 * deep stays text, and so do arrays of it: a query may make as much as it likes, and what answers it is written by recursion.
 */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === json || oid === jsonb) return (text: string) => (depthOf(text) > DEPTH_MAX ? text : JSON.parse(text))
  if (JSON_ARRAYS.includes(oid)) return (text: string) => text
  if (oid === pg.types.builtins.DATE) return (text: string) => text
  if (oid === pg.types.builtins.INT8) return (text: string) => (Number.isSafeInteger(Number(text)) ? Number(text) : text)
  return pg.types.getTypeParser(oid, format as 'text')
}

async function endWithin(pool: pg.Pool, withinMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, withinMs)
  pool.end().then(resolve, () => resolve())
  await promise
  clearTimeout(timer)
}

/** True when the connection or the server behind it is at fault, not the statement and not a mistake of ours. */
export function isConnectionFailure(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code
  // pg gives some of its own no code, but they are plain errors: a TypeError in a tool must not look like an outage and open a breaker.
  if (typeof code !== 'string') return error instanceof Error && error.constructor === Error
  if (!/^[0-9A-Z]{5}$/.test(code)) return true
  // 08 connection, 53300 too many connections, 57P01–57P05 the server ends or is not there yet.
  return code.startsWith('08') || code === '53300' || code.startsWith('57P')
}
