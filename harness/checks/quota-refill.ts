// How much of a quota may be there again after some time, and whether one falls at all: a header that says the same to every call tells
// nobody when to slow down. Calls may cost nothing, so it proves nothing; but it is no true header either. Pure.
// Not modelled: a budget that falls for some agents alone; several policies, of which one may be of other calls.
import type { Call } from '../history/event.ts'
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

/** Of a policy, in so long a time, at most. */
export function refill({ q, w }: NonNullable<Reading['quota']>, lengthMs: number): number {
  return (lengthMs / 1_000) * ((q + ROUNDING) / (w - ROUNDING))
}
