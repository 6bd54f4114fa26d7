// Which calls a budget of calls let in: those of limiter-true and of fairness.
import type { Call } from '../history/event.ts'

/**
 * Past its budgets: whatever was answered that is neither a refusal of one, nor a 503, nor a denial, nor shed at the door; nor a stored
 * answer. What nobody can read, and what was never answered, is held against no one.
 */
export function isAdmitted({ role, class: is, evidence, endedAtMs }: Call): boolean {
  if (role === 'handshake' || endedAtMs === undefined || evidence.transport !== undefined || evidence.replayed === true) return false
  return evidence.status !== 503 && !NOT_ADMITTED.has(is)
}

const NOT_ADMITTED: ReadonlySet<string> = new Set([
  ...['refused', 'shed', 'draining', 'denied', 'invalid'],
  ...['unreachable', 'unclassified', 'lost'],
])
