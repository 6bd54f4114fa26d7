// The one prompt: what a person would otherwise write every first of the month. Words only; the tools do the reading.
import { z } from 'zod'

export const monthlySummary = {
  kind: 'prompt',
  name: 'monthly-summary',
  description: "A month's invoices, orders and refunds, summed up for somebody who has two minutes.",
  input: z.object({ month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'is a month such as 2026-03') }),
  arguments: [{ name: 'month', description: 'Year and month, such as 2026-03', required: true }],
  text: ({ month }: { month: string }): string =>
    `Sum up ${month} for the head of this desk, in at most ten lines.
Use run_query on the tables invoices, orders and refunds; one query a question is enough.
Say, for each currency: how much was invoiced, how much of it is paid, open and void; how much was given back on orders, and on how many.
Name the three customers with the largest open amounts, by account number. Say what is missing rather than guessing it.`,
} as const
