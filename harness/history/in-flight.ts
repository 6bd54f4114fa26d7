// How many calls were in flight at once: of all, and of those who may share a budget.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { onceEach } from './once.ts'
import { ascending, countBelow } from './sorted.ts'

/** Most calls in flight at once, and when. */
export function peakInFlight(calls: readonly Call[]): { calls: number; atMs: number } {
  const begun = ascending(calls, ({ sentAtMs }) => sentAtMs)
  const ended = ascending(calls, ({ endedAtMs = Number.POSITIVE_INFINITY }) => endedAtMs)
  let over = 0
  let peak = { calls: 0, atMs: 0 }
  for (let before = 0; before < begun.length; before++) {
    const atMs = begun[before] as number
    // What ends at that very moment is no longer in flight.
    while ((ended[over] as number) <= atMs) over++
    const now = before + 1 - over
    if (now > peak.calls) peak = { calls: now, atMs }
  }
  return peak
}

/** Whose a call is: its agent's, its tenant's. */
export type Owner = (call: Call) => string

export const ofAgent: Owner = ({ agent }) => agent

/** By whose they are, without handshakes. */
export const underWay = onceEach(({ calls }: History, owner: Owner) => byOwner(calls, owner, ({ role }) => role !== 'handshake'))

export const underWayWithHandshakes = onceEach(({ calls }: History, owner: Owner) => byOwner(calls, owner, () => true))

/** An owner of calls of which none counts has none under way. */
function byOwner(calls: readonly Call[], owner: Owner, counts: (call: Call) => boolean): ReadonlyMap<string, UnderWay> {
  return new Map([...Map.groupBy(calls, owner)].map(([whose, own]) => [whose, new UnderWay(own.filter(counts))]))
}

/** Those of a stretch are counted without looking at all of them. */
export class UnderWay {
  readonly #begun: Float64Array
  readonly #over: Float64Array

  constructor(calls: readonly Call[]) {
    this.#begun = ascending(calls, ({ sentAtMs }) => sentAtMs)
    this.#over = ascending(calls, ({ endedAtMs = Number.POSITIVE_INFINITY }) => endedAtMs)
  }

  /** Sent until `toMs`, and not over before `fromMs`; with `orThen`, nor at that very moment. */
  during(fromMs: number, toMs: number, orThen = false): number {
    return countBelow(this.#begun, toMs, true) - countBelow(this.#over, fromMs, orThen)
  }
}
