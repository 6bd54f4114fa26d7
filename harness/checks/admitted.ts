// Which calls a budget of calls let in: for limiter-true and fairness.
import type { Call } from '../history/event.ts'
import { isByProxy } from './by-proxy.ts'

/**
 * Past its budgets: whatever was answered that is neither a refusal of one, nor a denial, nor turned away for what is full, broken or about
 * to end (503, or the same told as a tool's result); nor a stored answer, nor a proxy's own. What nobody can read, and what was never
 * answered, is held against no one.
 */
export function isAdmitted(call: Call): boolean {
  return mayBeAdmitted(call) && call.class !== 'server-error'
}

/** The same, with errors of the server's own: a limiter that cannot ask its store lets nobody in, and many then answer 500. */
export function mayBeAdmitted(call: Call): boolean {
  const { role, class: is, evidence, endedAtMs } = call
  if (role === 'handshake' || endedAtMs === undefined || evidence.transport !== undefined || evidence.replayed === true) return false
  return evidence.status !== 503 && !isByProxy(call) && !NOT_ADMITTED.has(is)
}

const NOT_ADMITTED: ReadonlySet<string> = new Set([
  ...['refused', 'shed', 'queue', 'dependency', 'draining', 'denied', 'invalid'],
  ...['unreachable', 'unclassified', 'lost'],
])
