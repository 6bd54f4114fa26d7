// One customer with what is known of the people there. Another tenant's account number is as unknown as one that nobody has.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./get-customer.sql', import.meta.url), 'utf8')

export const getCustomer = tool('get_customer', {
  description: 'Gives one customer by account number (see search_customers): contact, e-mail, phone, city, open invoices.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['postgres:customers', 'postgres:invoices'],
  deadlineMs: 2_000,
  sloMs: 500,
  input: z.strictObject({ account: z.string().regex(/^C-\d{4,10}$/, 'looks like C-0042') }),
  output: z.object({
    account: z.string(),
    name: z.string(),
    contact: z.string(),
    email: z.string(),
    phone: z.string(),
    city: z.string(),
    openInvoices: z.int(),
  }),
  async run({ account }, { identity, session }) {
    const [customer] = ownRows(identity, await session.read({ text: SQL, values: [identity.tenant, account] }))
    if (!customer) throw new CallError('INVALID_ARGUMENTS', 'There is no customer with this account number; see search_customers.')
    return { structured: customer }
  },
})
