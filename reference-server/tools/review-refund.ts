// A person's word on a refund that the policy did not let through (controls/policy.ts), given through an agent that may: approved
// it runs when it is asked for again, rejected it never does. The reason is kept: it is what the policy's tests are made of
// (`npm run policy:cases`). Decided on any instance, felt on all.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./review-refund.sql', import.meta.url), 'utf8')

export const reviewRefund = tool('review_refund', {
  description:
    'Shows a refund that waits for a review; with a decision and the reason why, approves or rejects it. Show it to a person first: their word is final.',
  class: 'write',
  cost: 'cheap',
  scopes: ['mcp:approve'],
  needs: ['postgres:reviews'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  idempotent: true,
  input: z
    .strictObject({
      reviewId: z.uuid(),
      decision: z.enum(['approve', 'reject']).optional(),
      reason: z.string().trim().min(5, 'says why, for those who read it later').max(500).optional(),
    })
    .refine(({ decision, reason }) => (decision === undefined) === (reason === undefined), 'a decision and its reason go together'),
  output: z.object({
    reviewId: z.string(),
    decision: z.string().nullable(),
    reason: z.string().nullable(),
    askedBy: z.string(),
    arguments: z.record(z.string(), z.unknown()),
  }),
  async run({ reviewId, decision, reason }, { identity, session, audited }) {
    const word = decision && ({ approve: 'approved', reject: 'rejected' } as const)[decision]
    const values = [identity.tenant, reviewId, word ?? null, reason ?? null, identity.agent]
    const rows = await session.write({
      first: { text: SQL, values },
      async work(found, transaction) {
        if (found[0]?.now) await audited(transaction)
        return { value: found }
      },
    })
    const [{ now, ...review } = { now: false }] = ownRows(identity, rows) as [Record<string, unknown>?]
    if (!review.reviewId) throw new CallError('INVALID_ARGUMENTS', 'There is no review of this id.')
    if (word === undefined) return { structured: review }
    if (review.decision === null) throw new CallError('DENIED', 'Who asked for a refund cannot review it.')
    if (review.decision !== word) throw new CallError('INVALID_ARGUMENTS', `This review has been decided: ${review.decision}.`)
    return { structured: review }
  },
})
