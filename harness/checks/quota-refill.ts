// How much of a quota may be there again after some time. A bucket gives back evenly: as its policy says (q in w), or so that it is full
// when it said it would be (t). A window that is over gives all back at once, when t is over, or, if that was not told, whenever all is
// there again; a sliding one gives back at once what it was asked at once, a window ago.
// And whether one falls at all: a header that says the same to every call tells nobody when to slow down. Calls may cost nothing, so it
// proves nothing; but it is no true header either. Pure.
// Not modelled: a budget that falls for some agents alone; several policies, of which one may be of other calls.
import type { Call } from '../history/event.ts'
import type { UnderWay } from '../history/in-flight.ts'
import type { Reading } from './quota-readings.ts'

/** A count is rounded down on one side and up on the other. */
export const ROUNDING = 1

/** The call with which more was served than was left, where one policy alone was told, the same again and again; else undefined. */
export function neverFell(said: readonly Reading[]): Call | undefined {
  const byAgent = [...Map.groupBy(said, ({ call }) => call.agent).values()]
  const isOne = said.every(({ policy }) => policy === said[0]?.policy)
  if (!isOne || byAgent.some((own) => own.some(({ remaining }) => remaining !== own[0]?.remaining))) return undefined
  for (const own of byAgent) {
    const { call: from, remaining, quota, resetS } = own[0] as Reading
    if (!quota || quota.w <= 1) continue
    const untilMs = from.sentAtMs + (Math.min(resetS ?? quota.w, quota.w) - ROUNDING) * 1_000
    const isLater = (call: Call) => call.class === 'served' && call.evidence.replayed !== true && call.sentAtMs >= (from.endedAtMs ?? 0)
    const later = own.flatMap(({ call }) => (isLater(call) ? [call] : []))
    const had = ({ endedAtMs = 0 }: Call) => remaining + refill(quota, endedAtMs - from.sentAtMs) + ROUNDING
    const over = later.find((call, n) => (call.endedAtMs ?? 0) < untilMs && n + 1 > had(call))
    if (over) return over
  }
  return undefined
}

/**
 * More is there than can have come back since.
 * @param before the last one that had been told when this call left
 */
export function isTooSoon({ call: { endedAtMs = 0 }, remaining, quota }: Reading, before: Reading, charged: UnderWay): boolean {
  const { resetS, remaining: had } = before
  const fromMs = before.call.sentAtMs
  // Rounded up, it may be over a second sooner.
  if (resetS !== undefined && fromMs + (resetS - ROUNDING) * 1_000 <= endedAtMs) return false
  // A window is told in whole seconds: one of a second may be much shorter.
  if (!quota || quota.w <= 1) return false
  const [lengthMs, rose] = [endedAtMs - fromMs, remaining - had - ROUNDING]
  if (rose <= refill(quota, lengthMs)) return false
  // It did not say when: all of it may be there again, less what was asked since.
  if (resetS === undefined && remaining >= quota.q - charged.during(fromMs, endedAtMs)) return false
  if (resetS !== undefined && rose <= ((quota.q - had) * lengthMs) / ((resetS - ROUNDING) * 1_000)) return false
  const agoMs = quota.w * 1_000
  return rose > charged.during(fromMs - agoMs - ROUNDING * 1_000, endedAtMs - agoMs + ROUNDING * 1_000)
}

/** Of a policy, in so long a time, at most. */
function refill({ q, w }: NonNullable<Reading['quota']>, lengthMs: number): number {
  return (lengthMs / 1_000) * ((q + ROUNDING) / (w - ROUNDING))
}
