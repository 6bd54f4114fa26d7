// The audit log for a period, one JSON object a line (NDJSON), as far back as the tenant's tier keeps it. That it was read is
// itself on record. What is older is deleted (retention.ts).
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { TERMS } from '../tiers.ts'
import { ownRows } from './own-rows.ts'
import { tool } from './tool.ts'

const SQL = readFileSync(new URL('./export-audit.sql', import.meta.url), 'utf8')
const PAGE = 1_000
const day = z.iso.date('is a day such as 2026-01-31')
const line = z.object({
  id: z.int(),
  at: z.string(),
  agent: z.string(),
  keyId: z.string(),
  tool: z.string(),
  argumentsHash: z.string(),
  requestId: z.string(),
  traceId: z.string().nullable(),
})

export const exportAudit = tool('export_audit', {
  description: 'Gives the audit log from one day to another as NDJSON: who wrote what, when, with which token; never the arguments.',
  class: 'read',
  cost: 'expensive',
  scopes: ['mcp:admin'],
  needs: ['postgres:audit'],
  pool: 'write',
  deadlineMs: 5_000,
  sloMs: 2_000,
  list: 'entries',
  input: z.strictObject({ from: day, to: day, cursor: z.string().max(64).optional() }),
  output: z.object({ entries: z.array(line), truncated: z.boolean(), cursor: z.string().optional() }),
  async run({ from, to, cursor }, { identity, session, cursors, audited }) {
    const { after } = cursor === undefined ? { after: 0 } : await cursors.find(identity, 'export_audit', cursor)
    const values = [identity.tenant, from, to, after, PAGE + 1, TERMS[identity.tier].auditRetentionDays]
    const found = await session.write({
      first: { text: SQL, values },
      async work(rows, transaction) {
        await audited(transaction)
        return { value: ownRows(identity, rows) }
      },
    })
    const entries = found.slice(0, PAGE)
    return {
      structured: { entries, truncated: found.length > PAGE },
      next: (kept) => cursors.keep(identity, 'export_audit', { after: entries[kept - 1]?.id }),
      text: (structured) => (structured.entries as unknown[]).map((entry) => `${JSON.stringify(entry)}\n`).join(''),
    }
  },
})
