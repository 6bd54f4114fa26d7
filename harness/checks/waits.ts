// Who waited as told, and what became of it: each call that asked again not earlier than the refusal before it had said. Shared by the
// checks on truthful waits. A wait is the body's, which is finer, else the header's. Pure.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { ofAgent, type UnderWay, underWay } from '../history/in-flight.ts'
import { askedAgain } from '../history/queries.ts'
import { toldWaitMs } from '../history/wait.ts'

export interface Return {
  /** The refusal that named the wait. */
  refused: Call
  told: number
  /** The call that came back after it. */
  call: Call
  /** The refusing budget was its agent's own, and nobody else of the agent waited for it. */
  alone: boolean
}

/** What waits for a dependency or another instance is no promise: nobody knows when that comes back. */
const TURNED_AWAY: ReadonlySet<string> = new Set(['refused', 'shed', 'queue'])

export function isRefusal({ class: is, evidence: { transport } }: Call): boolean {
  return transport === undefined && TURNED_AWAY.has(is)
}

/** In the order in which they came back. */
export function returns(history: History): Return[] {
  const { calls, manifest } = history
  const parents = askedAgain(calls)
  const found: Return[] = []
  for (const call of calls) {
    const refused = call.parent === undefined ? undefined : parents.get(call.parent)
    if (!refused || refused.endedAtMs === undefined || !isRefusal(refused)) continue
    const told = toldWaitMs(refused.evidence, (manifest.t0Ms ?? 0) + refused.endedAtMs)
    if (told === undefined || call.sentAtMs < refused.endedAtMs + told) continue
    const alone = isOwn(refused, history) && isAlone(refused, call, underWay(history, ofAgent).get(call.agent))
    found.push({ refused, told, call, alone })
  }
  return found
}

/** A rate of the agent alone: `tool` only where the target declares such a budget for the role; calls at once are shared. */
export function isOwn({ budget, role }: Call, { manifest }: History): boolean {
  if (budget === 'tool') return role !== 'handshake' && manifest.declared.perAgentTool?.[role] !== undefined
  return budget === 'agent'
}

/** No other call of the agent stood between the refusal and the return: it could have taken the place. */
function isAlone(refused: Call, back: Call, own: UnderWay | undefined): boolean {
  const stood = ({ role, endedAtMs = Number.POSITIVE_INFINITY }: Call) => role !== 'handshake' && endedAtMs > refused.sentAtMs
  return own?.during(refused.sentAtMs, back.sentAtMs, true) === [refused, back].filter(stood).length
}
