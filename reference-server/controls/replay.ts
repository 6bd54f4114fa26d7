// Once a write under a key is committed, a marker in Redis says so. A replay of it costs one look at a stored answer, so the
// limiter lets it through on a small bucket of its own when the agent's budget is spent: an agent that must wait for an answer which
// it could already have holds its work up for nothing, or asks again with a new key and has the write twice.
// The marker is a hint, never the truth: the truth is the row in Postgres. Without it a replay waits for the budget like any call.
// REPLAY_RATE_PER_MINUTE, REPLAY_BURST; the marker lives REPLAY_FOR_S (an hour).
import { createHash } from 'node:crypto'
import type { Call } from '../call.ts'
import { keyOf } from '../idempotency-key.ts'

/** The marker's name in Redis; absent for what keeps nothing under a key, or has none. */
export function markerOf(call: Call): string | undefined {
  const { identity, tool } = call
  // Only what is kept under its key can be replayed; an administrator's change is made anew each time.
  if (!identity || !tool?.effects) return undefined
  const key = keyOf(call)
  if (key === undefined) return undefined
  const digest = createHash('sha256').update(key).digest('base64url')
  return `desk:{${identity.tenant}:${identity.agent}}:committed:${tool.name}:${digest}`
}
