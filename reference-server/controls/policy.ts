// Policy on the exact arguments: a call that wants a person's word is refused (403 POLICY_REVIEW_REQUIRED) with the id of a review,
// which somebody with `mcp:approve` decides on any instance. The word is for these arguments and this key of this agent: another
// amount is another review, and since a key writes once, one approval is one refund. Rejected is final: 403 DENIED with the reason.
// Stands behind the bulkhead: reviews are in Postgres, so that they outlive the instance that asked.
// A yes lapses after a week (review-find.sql), and the same call is asked about anew.
// Does not model: several approvers, telling the approver.
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import { keyOf } from '../idempotency-key.ts'
import { factsOf } from '../policy/policy.ts'
import { sql } from '../store/sql.ts'
import { control } from './control.ts'
import { argumentsHash } from './idempotency.ts'

const FIND = sql('review-find.sql')
const ASK = sql('review-ask.sql')

export const policy = control({
  summary: "Asks for a person's word where the exact arguments want one.",
  source: 'seed 2, "Tenant Isolation and Tool Permissions": POLICY_REVIEW_REQUIRED; every rejection becomes a test',
  settings: [],
  wrap: (next, { policies }) =>
    async function policy(call) {
      const { tool, identity, arguments: given = {} } = call
      const rule = tool && policies.get(tool.name)
      if (!rule || !identity) return await next(call)
      const facts = factsOf(rule, given)
      const why = rule.review(facts, identity.tier)
      if (why !== undefined) await refuseUnlessApproved(call, why, facts)
      return await next(call)
    },
})

async function refuseUnlessApproved(call: Call, why: string, facts: object): Promise<void> {
  const { tool, identity, session, arguments: given = {} } = call
  if (!tool || !identity || !session) throw new Error('policy was reached without a connection')
  const hash = argumentsHash({ ...given, idempotencyKey: keyOf(call) })
  const owner = [identity.tenant, identity.agent, tool.name, hash]
  const [found] = await session.read({ text: FIND, values: owner })
  if (found?.decision === 'approved' && !found.lapsed) return
  if (found?.decision === 'rejected') throw new CallError('DENIED', `A person has rejected this call: ${found.reason}`)
  const values = [...owner, identity.tier, JSON.stringify(facts), JSON.stringify(given)]
  const [asked] =
    found && !found.lapsed ? [found] : await session.write({ first: { text: ASK, values }, work: async (rows) => ({ value: rows }) })
  throw new CallError(
    'POLICY_REVIEW_REQUIRED',
    `A person must look at ${why} first: review ${asked?.id} waits for it. Once it is approved, call again with the same arguments and key.`,
    { data: { reviewId: asked?.id } },
  )
}
