// Free SQL made safe, in layers that each hold alone: the statement stands as a subquery, so only something that selects
// parses; it travels by the extended protocol, where a second statement is an error (over the simple one `COMMIT; DROP TABLE`
// escapes a read-only transaction); the session is read-only; its role sees the ledger's tables, and row-level security one
// tenant; of the functions that do something rather than compute it may call those of a list (migrations/0013-free-sql.sql); Postgres
// stops it at the deadline; rows are limited.
// A cursor keeps the statement and where it was cut: the next page runs it again, on any instance. Without ORDER BY, pages may
// overlap. Does not model: a parser of our own, the cost of a statement before it runs.
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { toldToAuthor } from '../store/failures.ts'
import type { Row, Session } from '../store/session.ts'
import { tool } from './tool.ts'

export const runQuery = tool('run_query', {
  description:
    "Runs one SELECT over this tenant's tables (see list_tables). At most `limit` rows; when `truncated`, send the cursor alone for the next ones, and have an ORDER BY so that pages fit together.",
  class: 'read',
  cost: 'expensive',
  scopes: ['mcp:tools:query'],
  needs: ['postgres:customers', 'postgres:invoices', 'postgres:orders'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  list: 'rows',
  input: z.strictObject({
    sql: z.string().min(1).max(10_000).optional(),
    limit: z.int().min(1).max(1_000).default(100),
    cursor: z.string().max(64).optional(),
  }),
  output: z.object({ rows: z.array(z.record(z.string(), z.unknown())), truncated: z.boolean(), cursor: z.string().optional() }),
  async run({ sql, limit, cursor }, { identity, session, cursors }) {
    if ((sql === undefined) === (cursor === undefined)) throw new CallError('INVALID_ARGUMENTS', 'Send either sql or a cursor.')
    const from = cursor === undefined ? { sql, limit, offset: 0 } : await cursors.find(identity, 'run_query', cursor)
    const page = from as { sql: string; limit: number; offset: number }
    const rows = await select(session, page)
    return {
      structured: { rows: rows.slice(0, page.limit), truncated: rows.length > page.limit },
      next: (kept) => cursors.keep(identity, 'run_query', { ...page, offset: page.offset + kept }),
    }
  },
})

async function select(session: Session, { sql, limit, offset }: { sql: string; limit: number; offset: number }): Promise<Row[]> {
  const statement = sql.trim().replace(/;\s*$/, '')
  try {
    // The line break ends a comment that the statement may close with.
    return await session.read({ text: `select * from (${statement}\n) as answer limit ${limit + 1} offset ${offset}`, values: [] })
  } catch (error) {
    throw toldToAuthor(error)
  }
}
