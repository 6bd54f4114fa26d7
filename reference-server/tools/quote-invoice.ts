// Reads here, then asks elsewhere. The connection goes back before the upstream is asked: held across that wait, a slow
// upstream empties the pool of a database that is well.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { currency } from './get-exchange-rate.ts'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./quote-invoice.sql', import.meta.url), 'utf8')

export const quoteInvoice = tool('quote_invoice', {
  description: "Gives an invoice's amount in another currency, at the rate of now.",
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['postgres:invoices', 'upstream:rates'],
  deadlineMs: 3_500,
  sloMs: 1_500,
  input: z.strictObject({ invoiceNumber: z.string().regex(/^INV-\d{6,12}$/, 'looks like INV-000042'), currency }),
  output: z.object({
    invoiceNumber: z.string(),
    status: z.string(),
    amountCents: z.int(),
    currency: z.string(),
    quotedCents: z.int(),
    quotedCurrency: z.string(),
    rate: z.number(),
  }),
  async run({ invoiceNumber, currency: quotedCurrency }, { identity, session, giveBack, rates }) {
    const [invoice] = ownRows(identity, await session.read({ text: SQL, values: [identity.tenant, invoiceNumber] }))
    if (!invoice) throw new CallError('INVALID_ARGUMENTS', 'There is no invoice of this number.')
    await giveBack()
    const rate = await rates.rate(String(invoice.currency), quotedCurrency)
    const quotedCents = Math.round(Number(invoice.amountCents) * rate)
    return { structured: { invoiceNumber, ...invoice, quotedCents, quotedCurrency, rate } }
  },
})
