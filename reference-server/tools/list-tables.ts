// The tool that the story is about: cheap, harmless, and called 200 times in 30 seconds by a loop that wanted one more schema.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./list-tables.sql', import.meta.url), 'utf8')

export const listTables = tool('list_tables', {
  description: 'Lists the tables that can be queried, with what they hold.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['postgres:catalog'],
  deadlineMs: 2_000,
  sloMs: 500,
  list: 'tables',
  input: z.strictObject({}),
  output: z.object({
    tables: z.array(z.object({ name: z.string(), description: z.string(), columns: z.int() })),
    truncated: z.boolean().optional(),
  }),
  async run(_, { session }) {
    return { structured: { tables: await session.read({ text: SQL, values: [] }) } }
  },
})
