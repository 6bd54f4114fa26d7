// Raw lines → history, pure: sends and ends joined, times counted from the run's start, every call classified and put into
// its phase. A call with no end is kept as `info`. A call belongs to the phase in which it was sent; one that was still
// undecided when the phase changed straddles. Undecided ends with the answer or with the SLO, whichever comes first: a
// call that hangs for longer than its SLO has failed its agent in the phase that made it hang.
import { classify } from './classify.ts'
import type { Call, ServerSide } from './event.ts'
import type { History } from './history.ts'
import { type Ended, LoadFile } from './load-file.ts'
import type { Load } from './load-files.ts'
import type { LoadLine, SendLine } from './load-line.ts'
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
  const { sends, ends, agents } = file
  const history = assembled({ ...(startMs !== undefined && { startMs }), sends, ends, agents }, rest)
  for (const call of server ? history.calls : []) {
    const side = server?.get(call.call)
    if (side) call.server = side
  }
  return server ? { ...history, manifest: { ...history.manifest, callsInServerLog: server.size } } : history
}

/** @param load what has been taken from the generators' files, on one clock */
export function assembled(load: Load, rest: Rest): History {
  const { plan } = rest
  const t0Ms = load.startMs ?? rest.manifest.t0Ms ?? Date.parse(rest.manifest.startedAt)
  const sinceStart = <T extends { atMs: number }>(lines: readonly T[]): T[] =>
    lines.map((line) => ({ ...line, atMs: Math.round((line.atMs - t0Ms) * 1_000) / 1_000 })).sort((a, b) => a.atMs - b.atMs)
  const agents = agentLines(plan, load)
  return {
    manifest: { ...rest.manifest, t0Ms },
    plan,
    calls: joinCalls(load, rest, t0Ms),
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

function joinCalls({ sends, ends }: Load, { plan, manifest: { errors } }: Rest, t0Ms: number): Call[] {
  sends.sort((a, b) => a.sentAtMs - b.sentAtMs || (a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : a.seq - b.seq))
  const seats = new Seats(plan)
  const clocks = new SloClocks(t0Ms, sends)
  return sends.map((send, index) => {
    const end = ends.get(send.call)
    const evidence = end?.evidence ?? { status: 0 }
    // The server's echo of the id is as long as the id, and there are as many.
    if (evidence.rpcId === send.call) evidence.rpcId = send.call
    const is = classify({ call: send.call, evidence, ended: end !== undefined, role: send.role, tool: send.tool, errors })
    const sloMs = send.role === 'handshake' ? undefined : plan.roles[send.role]?.sloMs
    const lateAtMs = clocks.startOf(send, end) + (sloMs ?? Number.POSITIVE_INFINITY)
    const decidedAtMs = Math.min(end?.endedAtMs ?? Number.POSITIVE_INFINITY, lateAtMs)
    const good = is.outcome === 'ok' && evidence.correct !== false && end !== undefined && end.endedAtMs <= lateAtMs
    return callOf(send, index, end?.endedAtMs, {
      evidence,
      ...is,
      good,
      ...seats.of(send.agent),
      ...seats.phase(send.sentAtMs, decidedAtMs),
    })
  })
}

type Found = Omit<Call, 'kind' | 'index' | 'endedAtMs' | 'server' | keyof SendLine>

/** One literal for all calls, so that they are alike to the engine; what only some have comes after it. */
function callOf(send: SendLine, index: number, endedAtMs: number | undefined, found: Found): Call {
  const call: Call = {
    kind: 'call',
    index,
    call: send.call,
    agent: send.agent,
    task: send.task,
    turn: send.turn,
    attempt: send.attempt,
    role: send.role,
    tool: send.tool,
    plannedAtMs: send.plannedAtMs,
    sentAtMs: send.sentAtMs,
    timeoutMs: send.timeoutMs,
    trace: send.trace,
    tenant: found.tenant,
    persona: found.persona,
    hostile: found.hostile,
    evidence: found.evidence,
    outcome: found.outcome,
    class: found.class,
    by: found.by,
    good: found.good,
    phase: found.phase,
    straddles: found.straddles,
  }
  if (endedAtMs !== undefined) call.endedAtMs = endedAtMs
  if (found.window !== undefined) call.window = found.window
  if (found.budget !== undefined) call.budget = found.budget
  if (send.parent !== undefined) call.parent = send.parent
  if (send.key !== undefined) call.key = send.key
  if (send.credential !== undefined) call.credential = send.credential
  if (send.altered !== undefined) call.altered = send.altered
  return call
}

/** From when an attempt's SLO counts: the first one's planned moment, or the end of a wait that the server asked for. */
class SloClocks {
  readonly #t0Ms: number
  /** Calls that were asked again: only of them anything need be known later. */
  readonly #parents = new Set<string>()
  readonly #seen = new Map<string, { startMs: number; mayReturnAtMs?: number }>()

  constructor(t0Ms: number, sends: readonly SendLine[]) {
    this.#t0Ms = t0Ms
    for (const { parent } of sends) if (parent !== undefined) this.#parents.add(parent)
  }

  /** Calls must be asked for in the order in which they were sent. */
  startOf(send: SendLine, end: Ended | undefined): number {
    const parent = send.parent === undefined ? undefined : this.#seen.get(send.parent)
    const waited = parent?.mayReturnAtMs !== undefined && send.sentAtMs >= parent.mayReturnAtMs - WAIT_SLACK_MS
    const startMs = parent === undefined || waited ? send.plannedAtMs : parent.startMs
    if (!this.#parents.has(send.call)) return startMs
    const told = end && toldWaitMs(end.evidence, this.#t0Ms + end.endedAtMs)
    this.#seen.set(send.call, { startMs, ...(end && told !== undefined && { mayReturnAtMs: end.endedAtMs + told }) })
    return startMs
  }
}
