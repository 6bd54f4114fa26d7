// The key is looked up, then the write is made, then the key is kept, each in a transaction of its
// own: two calls at once both find nothing.
import { argumentsHash, mismatch } from '../controls/idempotency.ts'
import { sql } from '../store/sql.ts'
import { weakness } from './weakness.ts'

const STORED = sql('idempotency-stored.sql')
const CLAIM = sql('idempotency-claim.sql')
const KEEP = sql('idempotency-keep.sql')

export default weakness({
  story: 'The second try came while the first was still running. Both looked, both found nothing, two invoices went out.',
  source: 'agentmail#49; Brandur Leach, "Implementing Stripe-like Idempotency Keys in Postgres"',
  caughtBy: { scenario: 'duplicate-writes', check: 'effects-once' },
  apply: (parts) => ({
    ...parts,
    async once(request) {
      const { identity, session, tool, key, arguments: given, outcome, write } = request
      if (key === undefined) return await parts.once(request)
      const owner = [identity.tenant, identity.agent, tool, key]
      const [stored] = await session.read({ text: STORED, values: owner })
      const hash = argumentsHash(given)
      if (stored && stored.arguments_hash !== hash) {
        outcome('mismatch')
        throw mismatch()
      }
      outcome(stored ? 'replayed' : 'first')
      if (stored) return { structured: stored.result as Record<string, unknown>, replayed: true }
      const structured = await session.write({ work: async (_, transaction) => ({ value: await write(transaction) }) })
      await session.write({
        first: { text: CLAIM, values: [...owner, hash] },
        work: async () => ({ value: undefined, last: { text: KEEP, values: [...owner, JSON.stringify(structured)] } }),
      })
      return { structured }
    },
  }),
})
