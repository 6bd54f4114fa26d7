// Calls as several checks look at them, gathered once a history.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { once } from './once.ts'
import { needs } from './queries.ts'

const byDependency = once((_: History) => new Map<string, readonly Call[]>())

/** Calls of roles that need the dependency. */
export function needing(history: History, dependency: string): readonly Call[] {
  const lists = byDependency(history)
  const found = lists.get(dependency) ?? history.calls.filter(({ role }) => needs(history, role, dependency))
  lists.set(dependency, found)
  return found
}

/** All the others: they failed, or nobody knows. */
export const notServed = once(({ calls }: History): readonly Call[] => calls.filter((call) => call.class !== 'served'))

/** Calls that came to an end, the first to end first. */
export const byEnd = once(({ calls }: History): readonly Call[] => {
  const ended = calls.filter(({ endedAtMs }) => endedAtMs !== undefined)
  return ended.sort((a, b) => (a.endedAtMs as number) - (b.endedAtMs as number))
})
