// Free SQL made safe, in layers that each hold alone: the statement stands as a subquery, so only something that selects
// parses; it travels by the extended protocol, where a second statement is an error (over the simple one `COMMIT; DROP TABLE`
// escapes a read-only transaction); the session is read-only; its role sees two tables, and row-level security one tenant; the
// functions that could change the tenant half-way are revoked; Postgres stops it at the deadline; rows are limited.
// Does not model: a cursor to the rows beyond the limit, an allow-list of functions.
import { z } from 'zod'
import { toldToAuthor } from '../store/failures.ts'
import type { Row } from '../store/session.ts'
import { tool } from './tool.ts'

export const runQuery = tool('run_query', {
  description:
    "Runs one SELECT over this tenant's tables (see list_tables). At most `limit` rows; `truncated` says whether there were more.",
  class: 'read',
  cost: 'expensive',
  scopes: ['mcp:tools:query'],
  needs: ['postgres:ledger'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  list: 'rows',
  input: z.strictObject({ sql: z.string().min(1).max(10_000), limit: z.int().min(1).max(1_000).default(100) }),
  output: z.object({ rows: z.array(z.record(z.string(), z.unknown())), truncated: z.boolean() }),
  async run({ sql, limit }, { session }) {
    const statement = sql.trim().replace(/;\s*$/, '')
    let rows: Row[]
    try {
      // The line break ends a comment that the statement may close with.
      rows = await session.read({ text: `select * from (${statement}\n) as answer limit ${limit + 1}`, values: [] })
    } catch (error) {
      throw toldToAuthor(error)
    }
    return { structured: { rows: rows.slice(0, limit), truncated: rows.length > limit } }
  },
})
