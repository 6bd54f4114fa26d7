// Calls that need the database and were given up before they were answered: by their callers, or by the server for their time; not those that
// failed. Their connections may be closed, and others opened in their place, while the database still has them. Pure.
import type { Call } from '../history/event.ts'
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { once } from '../history/once.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'

const givenUp = once((history: History): Call[] =>
  needing(history, 'postgres').filter(
    ({ endedAtMs, evidence: { transport }, class: is }) =>
      endedAtMs !== undefined && (is === 'timeout' || transport === 'timeout' || transport === 'reset'),
  ),
)

const ends = once((history: History) => ascending(givenUp(history), ({ endedAtMs = 0 }) => endedAtMs))

export function givenUpIn(history: History, { fromMs, toMs }: Stretch): number {
  return countBelow(ends(history), toMs) - countBelow(ends(history), fromMs)
}

/** Those of them that were under way already at `atMs`. */
export function underWayAndGivenUpIn(history: History, atMs: number, stretch: Stretch): number {
  return givenUp(history).filter(({ sentAtMs, endedAtMs = 0 }) => sentAtMs < atMs && isDuring(stretch, endedAtMs)).length
}
