// A write that must not happen twice, on state that all of a tenant's writes share: the number sequence has no gaps, so each
// invoice holds the counter's row until it is committed.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./create-invoice.sql', import.meta.url), 'utf8')

export const createInvoice = tool('create_invoice', {
  description:
    'Creates an invoice for a customer, by name or account number. Give an idempotencyKey of your own for each intent and use it again when asking again: the invoice is then made once.',
  class: 'write',
  cost: 'cheap',
  scopes: ['mcp:tools:write'],
  needs: ['postgres:customers', 'postgres:invoices'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  effects: { table: 'ledger.invoices', keyColumn: 'idempotency_key' },
  input: z.strictObject({
    customer: z.string().min(1).max(200).describe('name or account number, such as C-0042'),
    amountCents: z.int().min(1).max(1_000_000_000),
    currency: z.enum(['EUR', 'USD', 'JPY']),
    memo: z.string().max(500).default(''),
    idempotencyKey: z.string().min(1).max(200).optional(),
  }),
  output: z.object({ invoiceNumber: z.string(), customer: z.string(), amountCents: z.int(), currency: z.string(), status: z.string() }),
  async run({ idempotencyKey: _, ...invoice }, { identity, session, once, key, outcome }) {
    return await once({
      identity,
      session,
      tool: 'create_invoice',
      key,
      arguments: invoice,
      outcome,
      async write(transaction) {
        const { customer, amountCents, currency, memo } = invoice
        const values = [identity.tenant, customer, amountCents, currency, memo, identity.agent, key ?? null]
        const [row] = await transaction.query({ text: SQL, values })
        if (!row) throw new CallError('INVALID_ARGUMENTS', 'There is no customer of this name or account number.')
        return { invoiceNumber: row.invoice_number, customer, amountCents, currency, status: 'open' }
      },
    })
  },
})
