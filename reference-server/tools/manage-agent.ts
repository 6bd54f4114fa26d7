// Takes an agent's key away, or changes what it may use, while the server runs: all instances know within a second
// (store/revocations.ts). A key of another tenant is as unknown as one that nobody has. A key is not given back: make a new one.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CallError } from '../errors.ts'
import { PRIORITIES, TIERS } from '../tiers.ts'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./manage-agent.sql', import.meta.url), 'utf8')
const limit = z.int().min(1).max(1_000_000).nullable().optional()

export const manageAgent = tool('manage_agent', {
  description: "Revokes an agent's key for good, or changes its tier, priority or own limits (null: the tier's again).",
  class: 'write',
  cost: 'cheap',
  scopes: ['mcp:admin'],
  needs: ['postgres:agent_keys'],
  deadlineMs: 3_000,
  sloMs: 1_500,
  destructive: true,
  idempotent: true,
  input: z.strictObject({
    keyId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
    revoke: z.literal(true).optional(),
    tier: z.enum(TIERS).optional(),
    priority: z.enum(PRIORITIES).optional(),
    limits: z
      .strictObject({
        ratePerMinute: limit,
        burst: limit,
        ratePerHour: limit,
        ratePerDay: limit,
        concurrency: limit,
        toolRatePerMinute: limit,
      })
      .optional(),
  }),
  output: z.object({
    keyId: z.string(),
    agent: z.string(),
    revoked: z.boolean(),
    tier: z.string(),
    priority: z.string().nullable(),
    limits: z.record(z.string(), z.int()),
  }),
  async run({ keyId, revoke, tier, priority, limits }, { identity, session, audited }) {
    const values = [identity.tenant, keyId, revoke === true, tier ?? null, priority ?? null, JSON.stringify(limits ?? {})]
    const rows = await session.write({
      first: { text: SQL, values },
      async work(changed, transaction) {
        if (changed.length > 0) await audited(transaction)
        return { value: ownRows(identity, changed) }
      },
    })
    const [agent] = rows
    if (!agent) throw new CallError('INVALID_ARGUMENTS', 'There is no key of this id.')
    return { structured: agent }
  },
})
