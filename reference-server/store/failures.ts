// What Postgres said, as what the caller is told: a code of ours and a plain sentence, never SQL, names of tables or hosts.
import { CallError } from '../errors.ts'
import { isConnectionFailure } from './postgres.ts'

/** SQLSTATE classes and codes that the writer of a free query can correct. */
const CORRECTABLE: Record<string, string> = {
  '42601': 'the SQL has a syntax error',
  '42P01': 'a table does not exist; see list_tables',
  '42703': 'a column does not exist; see describe_table',
  '42501': 'something in it is not allowed',
  '25006': 'only reading is allowed',
  '42803': 'a column must be grouped or aggregated',
  '42883': 'a function or operator does not exist for these types',
  '42702': 'a column name is ambiguous',
  '53400': 'it needs more room on disk than a query gets; ask for less at once',
}

export function told(error: unknown): unknown {
  if (error instanceof CallError) return error
  if (isConnectionFailure(error)) {
    return new CallError('DEPENDENCY_UNAVAILABLE', 'The database behind this tool does not answer; ask again in 1 s.', {
      scope: 'postgres',
      retryAfterMs: 1_000,
      cause: error,
    })
  }
  const code = (error as { code: string }).code
  if (code === '57014')
    return new CallError('TOOL_TIMEOUT', 'The database stopped the query at its time limit. Ask for less.', { cause: error })
  if (code === '55P03' || code === '40P01' || code === '40001') {
    return new CallError('DEPENDENCY_UNAVAILABLE', 'The rows are in use by another call; ask again in 1 s.', {
      scope: 'postgres',
      retryAfterMs: 1_000,
      cause: error,
    })
  }
  return error
}

/** For writes: a database that only reads at present, as behind a failover not yet noticed, is no mistake of ours or the caller's. */
export function toldToWriter(error: unknown): unknown {
  if (error instanceof CallError || (error as { code?: unknown }).code !== '25006') return error
  return new CallError('DEPENDENCY_UNAVAILABLE', 'The database takes no writes at present; reading goes on. Ask again in 2 s.', {
    scope: 'postgres',
    retryAfterMs: 2_000,
    cause: error,
  })
}

/** For tools that run a caller's own SQL: its mistakes are the caller's to correct. */
export function toldToAuthor(error: unknown): unknown {
  const code = (error as { code?: unknown }).code
  if (error instanceof CallError || typeof code !== 'string') return error
  const reason = CORRECTABLE[code] ?? (/^(42|22|0A)/.test(code) ? 'the database cannot run it' : undefined)
  if (reason === undefined) return error
  return new CallError('INVALID_ARGUMENTS', `Correct the query: ${reason} (SQLSTATE ${code}).`, { cause: error })
}
