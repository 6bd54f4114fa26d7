// What a model asks next: the columns of one table.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./describe-table.sql', import.meta.url), 'utf8')

export const describeTable = tool('describe_table', {
  description: 'Names the columns of a table, with their types.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['postgres:catalog'],
  deadlineMs: 2_000,
  sloMs: 500,
  list: 'columns',
  input: z.strictObject({ table: z.string().min(1).max(63) }),
  output: z.object({
    table: z.string(),
    columns: z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() })),
    truncated: z.boolean().optional(),
  }),
  async run({ table }, { session }) {
    const columns = await session.read({ text: SQL, values: [table] })
    if (columns.length === 0) throw new CallError('INVALID_ARGUMENTS', 'There is no such table; see list_tables.')
    return { structured: { table, columns } }
  },
})
