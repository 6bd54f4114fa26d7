// Which calls findings tell whole, at most two a failed check: the worst, and the one beside it that says most. Where the worst was turned
// away in a line, it is a victim: the one to look at is who was let in and stayed longest. Where keys are the exhibits, two calls of one
// key stand together, since only both show whether they overlapped. Else the next that went otherwise; none twice, where there are others.
//
// Parameters: the history, the verdicts. Not modelled: who held what the victim waited for, of which a server shows nothing; the longest
// inside that needs the same is the likeliest.
import type { Verdict } from '../../checks/check.ts'
import type { Call } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { needs } from '../../history/queries.ts'

const WITNESSES = 2

export interface Chosen {
  call: Call
  /** Let in while the worst waited in a line for what both need, and longest inside. */
  beside: boolean
}

/** By check, the most telling first. */
export function chosenOf(history: History, verdicts: readonly Verdict[]): Map<string, Chosen[]> {
  const taken = new Set<Call>()
  const chosen = new Map<string, Chosen[]>()
  for (const verdict of verdicts) {
    if (verdict.status !== 'fail') continue
    const all = witnessCalls(history, verdict)
    const [first, ...rest] = [...all.filter((call) => !taken.has(call)), ...all.filter((call) => taken.has(call))]
    if (!first) continue
    const holder = holderBeside(history, first)
    const other = sameKey(verdict, first, rest) ?? unlike(first, rest)
    const two = [...(holder ? [holder] : []), first, ...(other ? [other] : [])].slice(0, WITNESSES)
    for (const call of two) taken.add(call)
    const told = two.map((call) => ({ call, beside: call === holder }))
    chosen.set(verdict.check, told)
  }
  return chosen
}

export function witnessCalls({ calls }: History, { witnesses }: Verdict): Call[] {
  return witnesses.flatMap((index) => calls[index] ?? [])
}

const LET_IN: ReadonlySet<Call['class']> = new Set(['served', 'timeout', 'dependency', 'server-error', 'lost'])

/** Of those that were inside while this one waited in a line for what they need too: who stayed longest. */
function holderBeside(history: History, victim: Call): Call | undefined {
  if (victim.class !== 'queue' || victim.role === 'handshake') return undefined
  const wanted = (history.plan.roles[victim.role]?.needs ?? []).map((need) => need.split(':', 1)[0] ?? need)
  const inside = history.calls.filter(
    (call) =>
      LET_IN.has(call.class) &&
      call.sentAtMs <= victim.sentAtMs &&
      (call.endedAtMs ?? 0) > victim.sentAtMs &&
      wanted.some((need) => needs(history, call.role, need)),
  )
  return inside.sort((a, b) => (b.endedAtMs ?? 0) - b.sentAtMs - ((a.endedAtMs ?? 0) - a.sentAtMs))[0]
}

function sameKey({ exhibits }: Verdict, { key }: Call, rest: readonly Call[]): Call | undefined {
  if (key === undefined || !exhibits.some((text) => text.includes(key))) return undefined
  return rest.find((call) => call.key === key)
}

function unlike(first: Call, rest: readonly Call[]): Call | undefined {
  const kind = (call: Call) => `${call.evidence.status} ${call.class} ${call.hostile} ${call.role}`
  return rest.find((call) => kind(call) !== kind(first)) ?? rest.find(({ agent }) => agent !== first.agent) ?? rest[0]
}
