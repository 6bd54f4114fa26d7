// A database that is not ours, for reading only: connections of the app's role, and the effects of the run's writes. Faults
// never touch it; they ask for a Postgres that this run started.
import pg from 'pg'
import { HarnessError } from '../errors.ts'
import type { Database } from './service.ts'

const QUERY_LIMIT_MS = 15_000

/**
 * @param urlFrom name of the environment variable that holds `postgres://user:password@host:port/database`
 * @throws HarnessError `DATABASE_NOT_READABLE`
 */
export async function openDatabase(urlFrom: string, env: NodeJS.ProcessEnv): Promise<Database & AsyncDisposable> {
  const url = env[urlFrom]
  const hint = `export ${urlFrom}=postgres://user:password@host:5432/database, or leave observe.postgres.urlFrom out`
  if (!url) throw new HarnessError('DATABASE_NOT_READABLE', `the environment has no ${urlFrom}, which observe.postgres.urlFrom names`, hint)
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'stampede',
    max: 2,
    options: '-c default_transaction_read_only=on',
    connectionTimeoutMillis: QUERY_LIMIT_MS,
    query_timeout: QUERY_LIMIT_MS,
  })
  // An idle connection that ended; the next query opens another.
  pool.on('error', () => undefined)
  try {
    await pool.query('select 1')
  } catch (error) {
    await pool.end()
    throw new HarnessError(
      'DATABASE_NOT_READABLE',
      `the database that ${urlFrom} names does not answer: ${(error as Error).message}`,
      hint,
      error,
    )
  }
  return {
    query: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await pool.query<Row>(text, values)).rows,
    [Symbol.asyncDispose]: () => pool.end(),
  }
}
