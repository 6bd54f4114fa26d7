// How late the generator was: first calls of tasks against their planned moments. Later calls have no moment of their own to be late for.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { once } from './once.ts'
import { quantile } from './quantiles.ts'
import { ascending } from './sorted.ts'

/** Ms each, of the first calls of all tasks. */
export function latenessMs(history: History): number[] {
  return firstCalls(history).map(lateMs)
}

export function lateMs({ sentAtMs, plannedAtMs }: Call): number {
  return sentAtMs - plannedAtMs
}

/** Nearly all tasks began sooner, ms; no number where none began. */
export const lateness99Ms = once((history: History): number => quantile(ascending(firstCalls(history), lateMs), 0.99))

/** Of each task. */
export const firstCalls = once(({ calls }: History): readonly Call[] => {
  const begun = new Map<string, { last: string; tasks: Set<string> }>()
  return calls.filter(({ agent, task }) => {
    const own = begun.get(agent)
    if (!own) begun.set(agent, { last: task, tasks: new Set([task]) })
    if (!own) return true
    // Mostly it goes on with the same one.
    if (own.last === task) return false
    own.last = task
    const known = own.tasks.size
    return own.tasks.add(task).size > known
  })
})
