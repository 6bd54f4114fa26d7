// What is there after a stretch of calls, was not there before, and need be no leak: sessions that the server keeps for as long as it
// declares (sessionIdleMs; each may hold a handle, and 100 kB of heap), connections that calls at once have opened and that stay open for
// the next (two a call: the caller's, and one to a dependency), and garbage that nobody has collected yet, unless the server was started
// with the collections that the scenario asks for (heapCollectEveryMs). Of that as much as an engine was seen to throw away at once, 64 MB
// an instance at least, and all that has come since it last threw anything away: the young generation of a JVM may be a gigabyte. What a
// process has of the machine may all be what its runtime does not give back. All ours. Pure.
// Not modelled: caches that fill; a server that was asked for collections and makes none.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { peakInFlight } from '../history/in-flight.ts'
import { together } from '../history/samples.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import { some } from './finding.ts'

export type Series = 'heapBytes' | 'handles' | 'sessions' | 'rssBytes'

export interface Held {
  amount: number
  /** In words. */
  what: string
}

const SESSION: Readonly<Record<Series, number>> = { heapBytes: 100_000, handles: 1, sessions: 1, rssBytes: 0 }
const GARBAGE_BYTES = 64_000_000
const CONNECTIONS = 2

export function heldAfter(history: History, series: Series, stretch: Stretch): Held[] {
  const kept = sessionsKept(history, stretch)
  const held = [{ amount: kept * SESSION[series], what: `${some(kept, 'session')} that it keeps, as declared` }]
  const { calls } = peakInFlight(history.calls.filter(({ sentAtMs }) => isDuring(stretch, sentAtMs)))
  if (series === 'handles') held.push({ amount: CONNECTIONS * calls, what: `connections of ${some(calls, 'call')} at once` })
  if (series === 'heapBytes') held.push({ amount: garbageAt(history, stretch.toMs), what: 'garbage that nobody has collected yet' })
  if (series === 'rssBytes') held.push({ amount: Number.POSITIVE_INFINITY, what: 'what its runtime does not give back' })
  return held.filter(({ amount }) => amount > 0)
}

/** At most, of all instances; none where it is collected as the scenario asks. */
export function garbageAt(history: History, toMs: number): number {
  if (isCollected(history)) return 0
  return together(history, 'heapBytes').reduce((sum, readings) => {
    let [most, leastSince, last] = [GARBAGE_BYTES, 0, 0]
    for (const { atMs, value } of readings) {
      if (atMs >= toMs) break
      most = Math.max(most, last - value)
      if (last === 0 || value < last) leastSince = value
      last = value
    }
    return sum + most + last - leastSince
  }, 0)
}

/** Begun in the stretch, and not idle for as long as the server keeps one; none where it does not say. */
function sessionsKept({ calls, manifest }: History, { fromMs, toMs }: Stretch): number {
  const kept = { fromMs: Math.max(fromMs, toMs - (manifest.declared.sessionIdleMs ?? 0)), toMs }
  const isBeginning = ({ tool, role, class: is }: Call) => role === 'handshake' && tool === 'initialize' && is === 'served'
  return calls.filter((call) => isBeginning(call) && isDuring(kept, call.sentAtMs)).length
}

/** The server was started with what the scenario asks for. */
function isCollected({ plan, manifest: { settings = {} } }: History): boolean {
  const asked = String(plan.settings.heapCollectEveryMs)
  return Object.entries(settings).some(([name, value]) => /heap|gc|collect/i.test(name) && value === asked)
}
