// Money: a key is required (controls/key-required.ts), large sums want a person's word (policy/refund-order.ts), and no order gives
// back more than it cost, however many ask at once.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./refund-order.sql', import.meta.url), 'utf8')

export const refundOrder = tool('refund_order', {
  description:
    'Gives money back on an order. Needs an idempotencyKey of your own, one for each intent: use it again when asking again, and the money moves once. Large sums are looked at by a person first.',
  class: 'money',
  cost: 'cheap',
  scopes: ['mcp:tools:money'],
  needs: ['postgres:orders', 'postgres:refunds'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  destructive: true,
  idempotent: true,
  effects: { table: 'ledger.refunds', keyColumn: 'idempotency_key' },
  input: z.strictObject({
    orderNumber: z.string().regex(/^ORD-\d{6,12}$/, 'looks like ORD-000042'),
    amountCents: z.int().min(1).max(1_000_000_000),
    reason: z.string().min(3).max(500),
    idempotencyKey: z.string().min(1).max(200).optional(),
  }),
  output: z.object({ refundId: z.int(), orderNumber: z.string(), amountCents: z.int(), currency: z.string(), leftCents: z.int() }),
  async run({ idempotencyKey: _, ...refund }, { identity, session, once, key, outcome }) {
    return await once({
      identity,
      session,
      tool: 'refund_order',
      key,
      arguments: refund,
      outcome,
      async write(transaction) {
        const { orderNumber, amountCents, reason } = refund
        const values = [identity.tenant, orderNumber, amountCents, reason, identity.agent, key]
        const [row] = await transaction.query({ text: SQL, values })
        if (!row) throw new CallError('INVALID_ARGUMENTS', 'There is no order of this number, or less than this is left of it.')
        return { refundId: row.id, orderNumber, amountCents, currency: row.currency, leftCents: row.left_cents }
      },
    })
  },
})
