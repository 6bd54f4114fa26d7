// What generators told → history, pure: times counted from the run's start, every call in its place, classified and put into
// its phase. A call with no end is kept as `info`. A call belongs to the phase in which it was sent; one that was still
// undecided when the phase changed straddles. Undecided ends with the answer or with the SLO, whichever comes first: a
// call that hangs for longer than its SLO has failed its agent in the phase that made it hang.
import type { Correctness } from '../plan/plan.ts'
import { classify } from './classify.ts'
import type { Call, ServerSide } from './event.ts'
import type { History } from './history.ts'
import { callsOf, LoadFile } from './load-file.ts'
import type { Load } from './load-files.ts'
import type { LoadLine } from './load-line.ts'
import type { Manifest } from './manifest.ts'
import type { AttemptLine, ClockLine, EffectLine, FaultLine, HitLine, LeakLine, SampleLine, SpanLine } from './raw-line.ts'
import { Seats } from './seats.ts'
import { agentLines } from './sequence.ts'
import { NOTHING_SAID } from './server-said.ts'
import { toldWaitMs } from './wait.ts'

/** What the raw files of a run hold. Wall-clock ms but for the generator's own times, which count from its start line. */
export interface Raw {
  manifest: Manifest
  plan: History['plan']
  load: readonly LoadLine[]
  faults: readonly FaultLine[]
  attempts: readonly AttemptLine[]
  samples: readonly SampleLine[]
  effects: readonly EffectLine[]
  clocks: readonly ClockLine[]
  hits: readonly HitLine[]
  spans: readonly SpanLine[]
  leaks: readonly LeakLine[]
  /** Absent: the server's logs are not observed. */
  server?: ReadonlyMap<string, ServerSide>
}

/** What is left when the generators' lines are taken and joined. */
export type Rest = Omit<Raw, 'load' | 'server'>

/** An agent that waited this much less than it was told still waited as told: timers and clocks are that coarse. */
const WAIT_SLACK_MS = 50

/** Of lines that are on one clock already. */
export function assemble({ load, server, ...rest }: Raw): History {
  const file = new LoadFile('load.ndjson')
  for (const line of load) file.take(line)
  const [startMs] = file.starts
  const history = assembled({ ...(startMs !== undefined && { startMs }), calls: callsOf([file]), agents: file.agents }, rest)
  for (const call of server ? history.calls : []) {
    const side = server?.get(call.call)
    if (side) call.server = side
  }
  return server ? { ...history, manifest: { ...history.manifest, callsInServerLog: server.size } } : history
}

/** @param load what has been taken from the generators' files, on one clock; its calls become the history's */
export function assembled(load: Load, rest: Rest): History {
  const { plan } = rest
  const t0Ms = load.startMs ?? rest.manifest.t0Ms ?? Date.parse(rest.manifest.startedAt)
  const sinceStart = <T extends { atMs: number }>(lines: readonly T[]): T[] =>
    lines.map((line) => ({ ...line, atMs: Math.round((line.atMs - t0Ms) * 1_000) / 1_000 })).sort((a, b) => a.atMs - b.atMs)
  const agents = agentLines(plan, load)
  return {
    manifest: { ...rest.manifest, t0Ms },
    plan,
    calls: understood(load.calls, rest, t0Ms),
    agents,
    faults: sinceStart(rest.faults),
    attempts: sinceStart(rest.attempts),
    samples: sinceStart(rest.samples),
    effects: rest.effects,
    clocks: sinceStart(rest.clocks),
    hits: sinceStart(rest.hits),
    spans: sinceStart(rest.spans).map((span) => ({ ...span, endedAtMs: Math.round((span.endedAtMs - t0Ms) * 1_000) / 1_000 })),
    leaks: rest.leaks,
    said: NOTHING_SAID,
  }
}

/** Each where it was sent, and told what it means. In place: there may be a million. */
function understood(calls: Call[], { plan, manifest: { errors } }: Rest, t0Ms: number): Call[] {
  calls.sort((a, b) => a.sentAtMs - b.sentAtMs || (a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : a.index - b.index))
  const seats = new Seats(plan)
  const clocks = new SloClocks(t0Ms, calls)
  const proving = new Set(Object.entries(plan.roles).flatMap(([role, { correct }]) => (correct.some(proves) ? [role] : [])))
  calls.forEach((call, index) => {
    const { endedAtMs, evidence, role, tool } = call
    const is = classify({ call: call.call, evidence, ended: endedAtMs !== undefined, role, tool, errors, proves: proving.has(role) })
    const sloMs = role === 'handshake' ? undefined : plan.roles[role]?.sloMs
    const lateAtMs = clocks.startOf(call) + (sloMs ?? Number.POSITIVE_INFINITY)
    call.index = index
    call.outcome = is.outcome
    call.class = is.class
    call.by = is.by
    call.good = is.outcome === 'ok' && evidence.correct !== false && endedAtMs !== undefined && endedAtMs <= lateAtMs
    if (is.budget !== undefined) call.budget = is.budget
    seats.give(call, Math.min(endedAtMs ?? Number.POSITIVE_INFINITY, lateAtMs))
  })
  return calls
}

/** Words alone do not meet it: it asks for data, or for certain words. */
function proves({ at, equals }: Correctness): boolean {
  return equals !== undefined || !/^\/content(\/|$)/.test(at)
}

/** From when an attempt's SLO counts: the first one's planned moment, or the end of a wait that the server asked for. */
class SloClocks {
  readonly #t0Ms: number
  /** Calls that were asked again: only of them anything need be known later. */
  readonly #parents = new Set<string>()
  readonly #seen = new Map<string, { startMs: number; mayReturnAtMs?: number }>()

  constructor(t0Ms: number, calls: readonly Call[]) {
    this.#t0Ms = t0Ms
    for (const { parent } of calls) if (parent !== undefined) this.#parents.add(parent)
  }

  /** Calls must be asked for in the order in which they were sent. */
  startOf({ call, parent: asked, plannedAtMs, sentAtMs, endedAtMs, evidence }: Call): number {
    const parent = asked === undefined ? undefined : this.#seen.get(asked)
    const waited = parent?.mayReturnAtMs !== undefined && sentAtMs >= parent.mayReturnAtMs - WAIT_SLACK_MS
    const startMs = parent === undefined || waited ? plannedAtMs : parent.startMs
    if (!this.#parents.has(call)) return startMs
    const told = endedAtMs === undefined ? undefined : toldWaitMs(evidence, this.#t0Ms + endedAtMs)
    this.#seen.set(call, { startMs, ...(endedAtMs !== undefined && told !== undefined && { mayReturnAtMs: endedAtMs + told }) })
    return startMs
  }
}
