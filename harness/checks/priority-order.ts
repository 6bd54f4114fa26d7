// A24: when there is too much to do, who matters least goes first. On one instance nobody critical is turned away while a batch job is
// let in within the same `togetherMs` (100 ms, ours): a payment that waits behind a nightly report is an outage with all lights green.
//
// Which agents are which, the target says. Turned away: 503 for too much to do or a full line, not a budget of the agent's own (429).
// When the server decided is known to lie between a call's leaving and its answer (its own time, where its log shows it, cuts the rest
// off), so a pair counts only where both decisions surely lie within that time of each other; one witness is a fail, but for a server that
// keeps an order: one that turns critical calls away, at the door or in the line, less than half as often as batch (ours). Room kept for
// critical calls may fill and empty again within that time, so there nobody knows. Nobody turned away, or only one of the two there: not
// exercised. Not modelled: normal between the two, tools that differ in what they cost, what a proxy turns away.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { instancesNamed } from '../history/instances.ts'
import { positionOf } from '../history/sorted.ts'
import { milliseconds } from '../parameters.ts'
import type { Priority } from '../plan/plan.ts'
import { isByProxy } from './by-proxy.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

const WITNESSES = 20

export const priorityOrder = check({
  code: 'A24',
  title: 'Nobody critical is turned away while a batch job is let in',
  why: 'A server that sheds by chance sheds the one call that somebody waits for as often as the thousand that could wait till night.',
  remedy: {
    control: 'overload',
    do: 'Give every key a priority, keep the last part of the room for critical calls, and turn away batch first, then normal.',
    runbook: 'OVERLOADED',
  },
  source: 'SRE ch. 21, "Criticality"; WeChat, DAGOR (SoCC 2018); the time is ours',
  sort: 'exact',
  needs: ['priorities'],
  ofAllAgents: true,
  limits: { togetherMs: milliseconds(100, { from: 1, to: 60_000 }) },
  judge(history, { togetherMs }) {
    const { critical, batch } = decisionsOf(history)
    const shed = critical.filter(({ call }) => TURNED_AWAY.has(call.class))
    const admitted = batch.filter(({ call }) => !TURNED_AWAY.has(call.class))
    const anyShed = shed.length + batch.length - admitted.length
    const samples = critical.length + batch.length
    if (critical.length === 0 || batch.length === 0 || anyShed === 0) {
      const what = `${some(critical.length, 'critical call')}, ${some(batch.length, 'batch call')}, ${anyShed} of them turned away`
      return { ...notExercised(`${what}: nobody had to choose`), samples }
    }
    const all = inversions(shed, admitted, togetherMs)
    const [inLine, atDoor] = all.length === 0 ? [] : [keepsOrder(critical, batch, true), keepsOrder(critical, batch, false)]
    const disordered = all.filter(({ critical: { call } }) => !(call.class === 'queue' ? inLine : atDoor))
    const inverted = disordered.length > 0 ? disordered : all
    const shown = { measured: inverted.length, limit: 0, unit: 'critical calls turned away while batch got in', samples }
    const figures = `${some(batch.length - admitted.length, 'batch call')} of ${batch.length} and ${shed.length} critical of ${critical.length} were turned away`
    if (inverted.length === 0) return { ...shown, status: 'pass', says: `${figures}, none of the critical ones while batch got in` }
    const rarely = disordered.length > 0 ? '' : ': far more seldom than batch, so that room kept for them may just have been full'
    return {
      ...shown,
      status: disordered.length > 0 ? 'fail' : 'unknown',
      says: `${figures}, ${inverted.length} of the critical ones while batch got in within ${togetherMs} ms${rarely}`,
      witnesses: indexes(inverted.flatMap(({ critical, batch }) => [critical.call, batch.call]).slice(0, WITNESSES)),
    }
  },
})

const TURNED_AWAY: ReadonlySet<string> = new Set(['shed', 'queue', 'unexplained'])
/** Those that say nothing of the server's choice: refused for a reason of their own, never answered, never there. */
const NO_CHOICE: ReadonlySet<string> = new Set([
  'refused',
  'denied',
  'invalid',
  'draining',
  'dependency',
  'lost',
  'unreachable',
  'unclassified',
])

/** A call on whose admission the server decided, at some moment between the two. */
interface Decision {
  call: Call
  instance: string
  fromMs: number
  toMs: number
}

function decisionsOf(history: History): Record<'critical' | 'batch', Decision[]> {
  const { calls, plan, manifest } = history
  // What nobody declared may still be seen: two instances decide each for itself.
  const alone = (manifest.declared.instances ?? 1) === 1 && instancesNamed(history).size <= 1
  const decided = (wanted: Priority): Decision[] => {
    const agents = new Set(plan.agents.flatMap(({ agent, priority }) => (priority === wanted ? [agent] : [])))
    if (agents.size === 0) return []
    return calls.flatMap((call) => {
      const { agent, role, class: is, endedAtMs, sentAtMs } = call
      if (!agents.has(agent) || role === 'handshake' || NO_CHOICE.has(is) || isByProxy(call) || endedAtMs === undefined) return []
      const instance = alone ? '' : (call.evidence.instance ?? call.server?.instance)
      if (instance === undefined) return []
      // It was in there for so long, so it had come in by then.
      const insideMs = TURNED_AWAY.has(is) ? 0 : (call.server?.durationMs ?? 0)
      return [{ call, instance, fromMs: sentAtMs, toMs: Math.max(sentAtMs, endedAtMs - insideMs) }]
    })
  }
  return { critical: decided('critical'), batch: decided('batch') }
}

/** While there was batch, critical calls were turned away so much more seldom: in the line, by those who came as far, or at the door. */
function keepsOrder(critical: readonly Decision[], batch: readonly Decision[], inLine: boolean): boolean {
  const [fromMs, toMs] = [batch[0]?.fromMs ?? 0, batch.at(-1)?.toMs ?? 0]
  const isAtDoor = (is: Call['class']) => TURNED_AWAY.has(is) && is !== 'queue'
  const shareOf = (all: readonly Decision[]) => {
    const there = all.filter((one) => one.fromMs >= fromMs && one.toMs <= toMs && !(inLine && isAtDoor(one.call.class)))
    return there.filter(({ call: { class: is } }) => (inLine ? is === 'queue' : isAtDoor(is))).length / there.length
  }
  return shareOf(critical) < shareOf(batch) / 2
}

/** Each critical call turned away with the batch call nearest to it, where both were surely decided within the time. */
function inversions(
  shed: readonly Decision[],
  admitted: readonly Decision[],
  togetherMs: number,
): { critical: Decision; batch: Decision }[] {
  const byInstance = Map.groupBy(admitted, ({ instance }) => instance)
  for (const some of byInstance.values()) some.sort((a, b) => a.fromMs - b.fromMs)
  return shed.flatMap((critical) => {
    const near = byInstance.get(critical.instance) ?? []
    for (let i = positionOf(near, ({ fromMs }) => fromMs, critical.toMs - togetherMs); i < near.length; i++) {
      const batch = near[i] as Decision
      if (batch.fromMs > critical.fromMs + togetherMs) break
      // A line stands before one pool: who wanted another tool did not stand in it.
      if (critical.call.class === 'queue' && critical.call.tool !== batch.call.tool) continue
      if (Math.max(critical.toMs, batch.toMs) - Math.min(critical.fromMs, batch.fromMs) <= togetherMs) return [{ critical, batch }]
    }
    return []
  })
}
