// Calls that need the database and were given up before they were answered: by their callers, or by the server for their time; not those that
// failed. Their connections may be closed, and others opened in their place, while the database still has them. Pure.
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { once } from '../history/once.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import type { Stretch } from '../history/stretch.ts'

const ends = once((history: History): Float64Array => {
  const givenUp = needing(history, 'postgres').flatMap(({ endedAtMs, evidence: { transport }, class: is }) =>
    endedAtMs !== undefined && (is === 'timeout' || transport === 'timeout' || transport === 'reset') ? [endedAtMs] : [],
  )
  return ascending(givenUp, (endedAtMs) => endedAtMs)
})

export function givenUpIn(history: History, { fromMs, toMs }: Stretch): number {
  return countBelow(ends(history), toMs) - countBelow(ends(history), fromMs)
}
