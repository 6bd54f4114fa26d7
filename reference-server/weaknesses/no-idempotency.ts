// The key is taken, stored with the row, and ignored: each time a write is asked for it is made.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'An answer was lost, the agent asked again, and the customer got two invoices.',
  source: 'seed 2: "If create_invoice or refund_order can run twice, you have a business incident."',
  caughtBy: { scenario: 'duplicate-writes', check: 'effects-once' },
  apply: (parts) => ({
    ...parts,
    once: ({ session, write }) => session.write({ work: async (_, transaction) => ({ value: { structured: await write(transaction) } }) }),
  }),
})
