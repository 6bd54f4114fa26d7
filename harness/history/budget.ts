// Which budget refused a call, as its answer names it: `concurrency` for calls at once, however a server words that; else the scope that it
// gives (`agent`, `tool`, `tenant`). Pure. Not modelled: budgets that stand in a sentence alone.
import { codesOf } from './codes.ts'
import type { Evidence } from './load-line.ts'

const AT_ONCE = /concurren|in[ _-]?flight|simultaneous|\bparallel\b|\bat (once|a time|the same time)\b/i
/** A sentence that speaks of a rate too may only mention calls at once. */
const RATE = /\b(rate|minute|second)s?\b/i

export function budgetOf(evidence: Evidence): string | undefined {
  const { message = '', data } = evidence
  const scope = typeof data?.scope === 'string' ? data.scope : undefined
  const named = [...codesOf(evidence), scope ?? '']
  const isAtOnce = named.some((code) => code === '42902' || AT_ONCE.test(code)) || (AT_ONCE.test(message) && !RATE.test(message))
  return isAtOnce ? 'concurrency' : scope
}
