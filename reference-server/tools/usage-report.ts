// What the tenant's agents cost: the question that is asked when the bill has come.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./usage-report.sql', import.meta.url), 'utf8')
const day = z.iso.date('is a day such as 2026-01-31')

export const usageReport = tool('usage_report', {
  description:
    "Gives what this tenant's agents used from one day to another, by agent and tool: calls, errors, milliseconds of the database and of upstream services, tokens of arguments. A few seconds late.",
  class: 'read',
  cost: 'cheap',
  scopes: ['mcp:admin'],
  needs: ['postgres:usage'],
  pool: 'write',
  deadlineMs: 5_000,
  sloMs: 2_000,
  list: 'usage',
  input: z.strictObject({ from: day, to: day }),
  output: z.object({
    usage: z.array(
      z.object({
        agent: z.string(),
        tool: z.string(),
        calls: z.int(),
        errors: z.int(),
        postgresMs: z.int(),
        upstreamMs: z.int(),
        tokensIn: z.int(),
      }),
    ),
    truncated: z.boolean().optional(),
  }),
  async run({ from, to }, { identity, session, audited }) {
    const usage = await session.write({
      first: { text: SQL, values: [identity.tenant, from, to] },
      async work(rows, transaction) {
        await audited(transaction)
        return { value: rows }
      },
    })
    return { structured: { usage } }
  },
})
