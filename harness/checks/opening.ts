// When did a breaker open? The earliest moment after which attempts at the dependency stay few: in every interval of the
// breaker's open time that begins with an attempt, no more than the allowed probes, or a tenth of the calls that asked for
// the dependency in as long (where the fault ends before, in the last such interval). A server with health checks or several pools
// knocks a little even when its breaker is open; one without a breaker knocks about once a call.
import { ascending, countBelow } from '../history/sorted.ts'

/** ours */
const ATTEMPTS_PER_CALL = 0.1

interface Knocking {
  /** When the fault came into force: where a breaker that needed no attempt had opened. */
  fromMs: number
  /** When it was healed again. */
  toMs: number
  /** The breaker's open time. */
  intervalMs: number
  /** Attempts an interval that are probes. */
  allowed: number
  /** Calls that need the dependency and got as far as to ask for it. */
  asked: readonly { sentAtMs: number }[]
}

/** @param moments of all attempts under the fault, ascending, ms */
export function opening(moments: readonly number[], { fromMs, toMs, intervalMs, allowed, asked }: Knocking): number {
  const calls = ascending(asked, ({ sentAtMs }) => sentAtMs)
  for (let i = moments.length - 1; i >= 0; i--) {
    const from = moments[i] ?? 0
    const attempts = countBelow(moments, from + intervalMs) - i
    if (attempts <= allowed) continue
    const to = Math.min(from + intervalMs, toMs)
    if (attempts > (countBelow(calls, to) - countBelow(calls, to - intervalMs)) * ATTEMPTS_PER_CALL) return from
  }
  return fromMs
}
