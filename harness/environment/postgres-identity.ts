// Which Postgres answers on a port of this machine: where its data lies, and the number that initdb drew for it. The folder alone is no
// identity: every container of an image has the same. Faults touch only the one that they know.
import pg from 'pg'

const LIMIT_MS = 2_000

/** One row: `identity` and `version`. */
export const ASK_POSTGRES = `select current_setting('data_directory') || ' of system ' || system_identifier as identity,
  split_part(current_setting('server_version'), ' ', 1) as version from pg_control_system()`

export interface PostgresAnswer {
  identity: string
  version: string
}

/** Undefined while none answers the superuser there; at most `limitMs` to connect and as long for the answer. */
export async function askPostgres(port: number, limitMs = LIMIT_MS): Promise<PostgresAnswer | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<PostgresAnswer>(ASK_POSTGRES)).rows[0]
  } catch {
    return undefined
  } finally {
    client.end().catch(() => undefined)
  }
}
