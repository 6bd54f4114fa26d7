// Calls and intents as several checks look at them, gathered once a history.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { once, onceEach } from './once.ts'
import { type Intent, intents, needs } from './queries.ts'

/** Calls of roles that need the dependency. */
export const needing = onceEach((history: History, dependency: string): readonly Call[] =>
  history.calls.filter(({ role }) => needs(history, role, dependency)),
)

/** The same; where no role says what it needs, any call may. */
export function mayNeed(history: History, dependency: string): readonly Call[] {
  const asking = needing(history, dependency)
  return asking.length > 0 ? asking : history.calls
}

/** All the others: they failed, or nobody knows. */
export const notServed = once(({ calls }: History): readonly Call[] => calls.filter((call) => call.class !== 'served'))

/** Calls that came to an end, the first to end first. */
export const byEnd = once(({ calls }: History): readonly Call[] => {
  const ended = calls.filter(({ endedAtMs }) => endedAtMs !== undefined)
  return ended.sort((a, b) => (a.endedAtMs as number) - (b.endedAtMs as number))
})

/** Intents of agents that asked in the steady phase too: only they can have back what they had. */
export const intentsOfRegulars = once(({ calls }: History): readonly Intent[] => {
  const regulars = new Set(intents(calls).flatMap(({ first }) => (first.phase === 'steady' ? [first.agent] : [])))
  return intents(calls).filter(({ first }) => regulars.has(first.agent))
})
