// Promised against kept: every refusal that named a wait and was followed by another attempt, how long the agent really stayed away, and
// whether it was then let in. The truth of a promise is only tried by those who waited as told; who came sooner says nothing of it.
// A wait is the body's, which is finer, else the header's, as in the checks. Pure.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { once } from '../history/once.ts'
import { toldWaitMs } from '../history/wait.ts'
import { fate } from './moments.ts'

/** Timers and clocks are that coarse: who came this much sooner still waited as told. */
const SLACK_MS = 50

export interface Wait {
  refused: Call
  back: Call
  toldMs: number
  waitedMs: number
  /** It stayed away as long as it was told. */
  obeyed: boolean
  /** It was not refused again. */
  letIn: boolean
}

/** In the order in which they came back. */
export const waitsOf = once(({ calls, manifest }: History): readonly Wait[] => {
  const refusals = new Map<string, Call>()
  const waits: Wait[] = []
  for (const call of calls) {
    const refused = call.parent === undefined ? undefined : refusals.get(call.parent)
    if (refused?.endedAtMs !== undefined) {
      const toldMs = toldWaitMs(refused.evidence, (manifest.t0Ms ?? 0) + refused.endedAtMs)
      const waitedMs = call.sentAtMs - refused.endedAtMs
      if (toldMs !== undefined) {
        const obeyed = waitedMs >= toldMs - SLACK_MS
        waits.push({ refused, back: call, toldMs, waitedMs, obeyed, letIn: fate(call) !== 'refused' })
      }
    }
    if (fate(call) === 'refused') refusals.set(call.call, call)
  }
  return waits
})
