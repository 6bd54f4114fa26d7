// Which faults take a dependency away so wholly that a breaker must answer by opening: every attempt fails. One that hangs is as dead as one
// that errs, but nobody can know it before the first deadline is over; a hang that is over sooner than a breaker could be told from none
// is left out.
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { breakerOpenMs } from '../history/queries.ts'

/** @returns each with how long after its beginning a failure can be known, ms */
export function takenAway(history: History, withinMs: number): [FaultRecord, number][] {
  return faultsOf(history).flatMap((record): [FaultRecord, number][] => {
    const { fault, dependency = '', fromMs, toMs, parameters } = record
    if (fault === 'postgres-refused' || (fault === 'upstream-errors' && parameters.share === 1)) return [[record, 0]]
    if (fault !== 'upstream-hang') return []
    const knownAfterMs = longestDeadlineMs(history, dependency)
    return toMs - fromMs > knownAfterMs + withinMs + silenceMs(history, withinMs) ? [[record, knownAfterMs]] : []
  })
}

/** So long without knocking tells an open breaker: its open time, or as long as it may take to open, where it stays open for longer. */
export function silenceMs(history: History, withinMs: number): number {
  return Math.min(breakerOpenMs(history), withinMs)
}

/** Of the tools that need it; infinity where one declares none. */
function longestDeadlineMs({ plan }: History, dependency: string): number {
  const own = Object.values(plan.roles).filter(({ needs }) => needs.some((need) => need.split(':')[0] === dependency))
  return Math.max(0, ...own.map(({ deadlineMs = Number.POSITIVE_INFINITY }) => deadlineMs))
}
