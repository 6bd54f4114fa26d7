// Finds customers by whatever the model has: part of a name, an account number, an e-mail address. What it is given may be
// anybody's data, and is written nowhere; what it gives is only what tells two customers apart.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./search-customers.sql', import.meta.url), 'utf8')
const PAGE = 20

export const searchCustomers = tool('search_customers', {
  description: 'Finds customers by part of their name or contact, by account number, or by e-mail address. Then ask get_customer.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['postgres:customers'],
  deadlineMs: 2_000,
  sloMs: 500,
  list: 'customers',
  input: z.strictObject({ text: z.string().trim().min(2).max(200), cursor: z.string().max(64).optional() }),
  output: z.object({
    customers: z.array(z.object({ account: z.string(), name: z.string(), city: z.string() })),
    truncated: z.boolean(),
    cursor: z.string().optional(),
  }),
  async run({ text, cursor }, { identity, session, cursors }) {
    const from = cursor === undefined ? { text, after: '' } : await cursors.find(identity, 'search_customers', cursor)
    const pattern = `%${String(from.text).replace(/[\\%_]/g, '\\$&')}%`
    const found = await session.read({ text: SQL, values: [identity.tenant, pattern, from.text, from.after, PAGE + 1] })
    const customers = ownRows(identity, found).slice(0, PAGE)
    return {
      structured: { customers, truncated: found.length > PAGE },
      next: (kept) => cursors.keep(identity, 'search_customers', { text: from.text, after: customers[kept - 1]?.account }),
    }
  },
})
