// The slow tool: a year, month by month. A caller that gave a progressToken is told of each month, in a stream that the answer
// closes. Closing the stream cancels it in the era that says so (2026-07-28); in the older one a disconnect must not, and a
// `notifications/cancelled` names only the client's own numbering, which two clients of one agent share: obeyed, it would stop a
// neighbour's call. There the deadline is the bound.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./build-report.sql', import.meta.url), 'utf8')
const MONTHS = 12

export const buildReport = tool('build_report', {
  description: "Builds the year's report: invoices and amounts of each month, by currency. Takes a few seconds; tells its progress.",
  class: 'read',
  cost: 'expensive',
  scopes: ['mcp:tools:query'],
  needs: ['postgres:invoices'],
  deadlineMs: 10_000,
  sloMs: 6_000,
  list: 'months',
  input: z.strictObject({ year: z.int().min(2000).max(2100) }),
  output: z.object({
    year: z.int(),
    months: z.array(
      z.object({
        month: z.string(),
        totals: z.array(z.object({ currency: z.string(), invoices: z.int(), amountCents: z.int() })),
      }),
    ),
    truncated: z.boolean().optional(),
  }),
  async run({ year }, { identity, session, progress, sectionMs }) {
    const months = []
    for (let month = 1; month <= MONTHS; month++) {
      const values = [identity.tenant, firstOf(year, month), firstOf(year, month + 1), sectionMs / 1_000]
      const totals = await session.read({ text: SQL, values })
      months.push({ month: firstOf(year, month).slice(0, 7), totals })
      progress(month, MONTHS, `${month} of ${MONTHS} months`)
    }
    return { structured: { year, months } }
  },
})

function firstOf(year: number, month: number): string {
  return new Date(Date.UTC(year, month - 1, 1)).toISOString().slice(0, 10)
}
