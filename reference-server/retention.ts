// Takes away what is kept no longer, a few thousand rows every RETENTION_EVERY_MS (10 min): audit rows by the tenant's tier
// (tiers.ts), idempotency keys after 30 days, usage after 400. Every instance does it; they skip each other's rows.
// On the administration's connections, and only while Postgres is worth asking: when it is away, an hour later is soon enough.
import type { Row, Statement } from './store/session.ts'
import { sql } from './store/sql.ts'
import { TERMS } from './tiers.ts'

export interface Retention {
  /** Deletes once. @returns how many rows; never rejects */
  run(): Promise<number>
  close(): void
}

export interface RetentionOptions {
  query: (statement: Statement, withinMs: number) => Promise<Row[]>
  reachable: () => boolean
  failed: (error: unknown) => void
}

const SQL = sql('expire.sql')
const RETENTION_EVERY_MS = 600_000
const QUERY_MS = 5_000
const AUDIT_DAYS = JSON.stringify(Object.fromEntries(Object.entries(TERMS).map(([tier, terms]) => [tier, terms.auditRetentionDays])))

export function createRetention({ query, reachable, failed }: RetentionOptions): Retention {
  const run = async (): Promise<number> => {
    if (!reachable()) return 0
    try {
      const [row] = await query({ text: SQL, values: [AUDIT_DAYS] }, QUERY_MS)
      return Number(row?.expired)
    } catch (error) {
      failed(error)
      return 0
    }
  }
  const timer = setInterval(() => void run(), RETENTION_EVERY_MS)
  timer.unref()
  return { run, close: () => clearInterval(timer) }
}
