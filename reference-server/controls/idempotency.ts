// A write asked for twice happens once. Agents ask again after a timeout, and a timeout does not prove that the first try
// failed; seed 2: "If create_invoice can run twice, you have a business incident."
// The key (tenant, agent, tool, key) is inserted first, in the write's own transaction: both are there or neither is, so no
// lease can expire between them and no crash can part them. A second call with the key waits for the first (lock_timeout),
// then gets its stored result, marked as replayed. The same key with other arguments is refused: it is another intent.
// Refusals are not stored. The JSON-RPC id is never a key: clients reuse ids.
// Does not model: a key that comes back after 30 days (retention.ts), replay when a budget is spent.
import { createHash } from 'node:crypto'
import type { Identity, ToolResult } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Session, Transaction } from '../store/session.ts'
import { sql } from '../store/sql.ts'

export interface OnceRequest {
  identity: Identity
  session: Session
  tool: string
  /** The caller's key; without one the write is simply made. */
  key: string | undefined
  /** As validated, without the key. */
  arguments: Record<string, unknown>
  outcome: (outcome: 'first' | 'replayed' | 'mismatch' | 'in-progress' | 'no-key') => void
  write: (transaction: Transaction) => Promise<Record<string, unknown>>
}

export type Once = (request: OnceRequest) => Promise<ToolResult>

const CLAIM = sql('idempotency-claim.sql')
const STORED = sql('idempotency-stored.sql')
const KEEP = sql('idempotency-keep.sql')

export const oncePerKey: Once = async ({ identity, session, tool, key, arguments: given, outcome, write }) => {
  if (key === undefined) {
    outcome('no-key')
    return await session.write({ work: async (_, transaction) => ({ value: { structured: await write(transaction) } }) })
  }
  const owner = [identity.tenant, identity.agent, tool, key]
  const hash = argumentsHash(given)
  let asked = false
  try {
    return await session.write<ToolResult>({
      first: { text: CLAIM, values: [...owner, hash] },
      work: async ([claimed], transaction) => {
        asked = true
        if (claimed) {
          const structured = await write(transaction)
          outcome('first')
          return { value: { structured }, last: { text: KEEP, values: [...owner, JSON.stringify(structured)] } }
        }
        const [stored] = await transaction.query({ text: STORED, values: owner })
        if (stored?.arguments_hash !== hash) throw mismatch()
        outcome('replayed')
        return { value: { structured: stored.result as Record<string, unknown>, replayed: true } }
      },
    })
  } catch (error) {
    if (error instanceof CallError && error.code === 'IDEMPOTENCY_MISMATCH') outcome('mismatch')
    // A lock that timed out later is another one: the key was free.
    if (asked || !isLockTimeout(error)) throw error
    outcome('in-progress')
    throw new CallError('IDEMPOTENCY_IN_PROGRESS', 'A call with this key is still running; ask again in 1 s with the same key.', {
      retryAfterMs: 1_000,
      cause: error,
    })
  }
}

export function mismatch(): CallError {
  return new CallError('IDEMPOTENCY_MISMATCH', 'This idempotencyKey was used with other arguments; use a new key for a new intent.')
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof CallError && (error.cause as { code?: string } | undefined)?.code === '55P03'
}

/** SHA-256 over JSON with sorted names: the same arguments in another order are the same arguments. */
export function argumentsHash(given: Record<string, unknown>): string {
  return createHash('sha256').update(canonical(given)).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(',')}}`
}
