// The large answer: as many rows as one answer may hold, and a cursor to the rest. The cap, not the caller, decides where it
// is cut (controls/output-cap.ts).
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./export-rows.sql', import.meta.url), 'utf8')
const TABLES = ['customers', 'invoices', 'orders', 'refunds'] as const
const PAGE = 2_000

export const exportRows = tool('export_rows', {
  description: 'Exports a table, as much as fits in one answer; when `truncated`, send the cursor for the rest.',
  class: 'read',
  cost: 'expensive',
  scopes: ['mcp:tools:query'],
  needs: TABLES.map((table) => `postgres:${table}`),
  deadlineMs: 5_000,
  sloMs: 2_500,
  list: 'rows',
  input: z.strictObject({ table: z.enum(TABLES), cursor: z.string().max(64).optional() }),
  output: z.object({
    table: z.string(),
    rows: z.array(z.record(z.string(), z.unknown())),
    truncated: z.boolean(),
    cursor: z.string().optional(),
  }),
  async run({ table, cursor }, { identity, session, cursors }) {
    const name = `export_rows ${table}`
    const { after } = cursor === undefined ? { after: 0 } : await cursors.find(identity, name, cursor)
    const statement = { text: SQL.replace('TABLE', table), values: [identity.tenant, after, PAGE + 1] }
    const found = ownRows(identity, await session.read(statement))
    const rows = found.slice(0, PAGE)
    return {
      structured: { table, rows, truncated: found.length > PAGE },
      next: (kept) => cursors.keep(identity, name, { after: rows[kept - 1]?.id }),
    }
  },
})
