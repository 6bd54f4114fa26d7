// How late the generator was: first calls of tasks against their planned moments. Later calls have no moment of their own to be late for.
import type { Call } from './event.ts'
import type { History } from './history.ts'

/** Ms each, of the first calls of all tasks. */
export function latenessMs(history: History): number[] {
  return firstCalls(history).map(lateMs)
}

export function lateMs({ sentAtMs, plannedAtMs }: Call): number {
  return sentAtMs - plannedAtMs
}

/** Checks and the page ask, and the calls of a history never change. */
const known = new WeakMap<readonly Call[], readonly Call[]>()

/** Of each task. */
export function firstCalls({ calls }: History): readonly Call[] {
  const found = known.get(calls) ?? firstOf(calls)
  known.set(calls, found)
  return found
}

function firstOf(calls: readonly Call[]): Call[] {
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
}
