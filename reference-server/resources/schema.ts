// Resources: `schema://<table>`, the columns of each table that the caller may read, as JSON. What is listed and what can be read
// is what the role of free SQL sees; the tables are the same for all tenants, their rows are never here.
// Written as tools are, so that every control on the way handles them alike; the protocol gives them their own frame.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { type Tool, tool } from '../tools/tool.ts'

const sql = (file: string): string => readFileSync(new URL(`../tools/${file}`, import.meta.url), 'utf8')
const TABLES = sql('list-tables.sql')
const COLUMNS = sql('describe-table.sql')
const NAME = /^schema:\/\/([a-z_]{1,63})$/
const TYPE = 'application/json'

const common = {
  class: 'read',
  cost: 'cheap',
  scopes: ['mcp:resources:read'],
  needs: ['postgres:catalog'],
  deadlineMs: 2_000,
  sloMs: 500,
  output: z.object({}),
} as const

export const schemaList: Tool = resource('resources/list', {
  ...common,
  description: 'The tables whose schema can be read.',
  input: z.object({ cursor: z.never('there is one page').optional() }),
  async run(_, { session }) {
    const tables = await session.read({ text: TABLES, values: [] })
    const resources = tables.map(({ name, description }) => ({ uri: `schema://${name}`, name, description, mimeType: TYPE }))
    return { structured: { resources } }
  },
})

export const schemaRead: Tool = resource('resources/read', {
  ...common,
  description: 'The columns of one table.',
  input: z.object({ uri: z.string().max(200) }),
  async run({ uri }, { session }) {
    const table = NAME.exec(uri)?.[1]
    const columns = table === undefined ? [] : await session.read({ text: COLUMNS, values: [table] })
    if (columns.length === 0) throw new CallError('INVALID_PARAMS', 'There is no such resource; see resources/list.', { data: { uri } })
    return { structured: { contents: [{ uri, mimeType: TYPE, text: JSON.stringify({ table, columns }) }] } }
  },
})

function resource<I extends z.ZodObject, O extends z.ZodObject>(method: string, definition: Parameters<typeof tool<I, O>>[1]): Tool {
  return { ...tool(method, definition), kind: 'resource' }
}
