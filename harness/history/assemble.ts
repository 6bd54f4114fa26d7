// Raw lines → history, pure: sends and ends joined, times counted from the run's start, every call classified and put into
// its phase. A call with no end is kept as `info`. A call belongs to the phase in which it was sent; one that was still
// undecided when the phase changed straddles. Undecided ends with the answer or with the SLO, whichever comes first: a
// call that hangs for longer than its SLO has failed its agent in the phase that made it hang.
import { classify } from './classify.ts'
import type {
  AttemptLine,
  Call,
  ClockLine,
  EffectLine,
  EndLine,
  Evidence,
  FaultLine,
  HitLine,
  LeakLine,
  LoadLine,
  SampleLine,
  SendLine,
  ServerSide,
  SpanLine,
} from './event.ts'
import type { History } from './history.ts'
import type { Manifest } from './manifest.ts'
import { Seats } from './seats.ts'
import { agentLines } from './sequence.ts'
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

/** An agent that waited this much less than it was told still waited as told: timers and clocks are that coarse. */
const WAIT_SLACK_MS = 50

export function assemble(raw: Raw): History {
  const { plan, load } = raw
  const t0Ms = load.find((line) => line.kind === 'start')?.atMs ?? raw.manifest.t0Ms ?? Date.parse(raw.manifest.startedAt)
  const sinceStart = <T extends { atMs: number }>(lines: readonly T[]): T[] =>
    lines.map((line) => ({ ...line, atMs: Math.round((line.atMs - t0Ms) * 1_000) / 1_000 })).sort((a, b) => a.atMs - b.atMs)
  const manifest: Manifest = { ...raw.manifest, t0Ms, ...(raw.server && { callsInServerLog: raw.server.size }) }
  return {
    manifest,
    plan,
    calls: joinCalls(raw, t0Ms),
    agents: agentLines(plan, load),
    faults: sinceStart(raw.faults),
    attempts: sinceStart(raw.attempts),
    samples: sinceStart(raw.samples),
    effects: raw.effects,
    clocks: sinceStart(raw.clocks),
    hits: sinceStart(raw.hits),
    spans: sinceStart(raw.spans).map((span) => ({ ...span, endedAtMs: Math.round((span.endedAtMs - t0Ms) * 1_000) / 1_000 })),
    leaks: raw.leaks,
  }
}

function joinCalls({ plan, load, manifest, server }: Raw, t0Ms: number): Call[] {
  const ends = new Map<string, EndLine>()
  const sends: SendLine[] = []
  for (const line of load) {
    if (line.kind === 'send') sends.push(line)
    else if (line.kind === 'end' && !ends.has(line.call)) ends.set(line.call, line)
  }
  sends.sort((a, b) => a.sentAtMs - b.sentAtMs || (a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : a.seq - b.seq))
  const seats = new Seats(plan)
  const clocks = new SloClocks(t0Ms, sends)
  return sends.map((send, index) => {
    const { kind: _kind, seq: _seq, ...sent } = send
    const end = ends.get(send.call)
    const evidence = evidenceOf(end)
    const is = classify({ call: send.call, evidence, ended: end !== undefined, role: send.role, errors: manifest.errors })
    const sloStartMs = clocks.startOf(send, end)
    const sloMs = send.role === 'handshake' ? undefined : plan.roles[send.role]?.sloMs
    const lateAtMs = sloMs === undefined ? Number.POSITIVE_INFINITY : sloStartMs + sloMs
    const endedAtMs = end?.endedAtMs
    const inTime = endedAtMs !== undefined && endedAtMs <= lateAtMs
    const seat = seats.of(send.agent)
    const side = server?.get(send.call)
    return {
      kind: 'call',
      index,
      ...sent,
      ...seat,
      ...(endedAtMs !== undefined && { endedAtMs }),
      evidence,
      ...is,
      good: is.outcome === 'ok' && evidence.correct !== false && inTime,
      ...seats.phase(send.sentAtMs, Math.min(endedAtMs ?? Number.POSITIVE_INFINITY, lateAtMs)),
      ...(side && { server: side }),
    }
  })
}

function evidenceOf(end: EndLine | undefined): Evidence {
  if (!end) return { status: 0 }
  const { kind: _kind, seq: _seq, call: _call, agent: _agent, endedAtMs: _endedAtMs, ...evidence } = end
  return evidence
}

/** From when an attempt's SLO counts: the first one's planned moment, or the end of a wait that the server asked for. */
class SloClocks {
  readonly #t0Ms: number
  /** Calls that were asked again: only of them anything need be known later. */
  readonly #parents: ReadonlySet<string>
  readonly #seen = new Map<string, { startMs: number; mayReturnAtMs?: number }>()

  constructor(t0Ms: number, sends: readonly SendLine[]) {
    this.#t0Ms = t0Ms
    this.#parents = new Set(sends.flatMap(({ parent }) => parent ?? []))
  }

  /** Calls must be asked for in the order in which they were sent. */
  startOf(send: SendLine, end: EndLine | undefined): number {
    const parent = send.parent === undefined ? undefined : this.#seen.get(send.parent)
    const waited = parent?.mayReturnAtMs !== undefined && send.sentAtMs >= parent.mayReturnAtMs - WAIT_SLACK_MS
    const startMs = parent === undefined || waited ? send.plannedAtMs : parent.startMs
    if (!this.#parents.has(send.call)) return startMs
    const told = end && toldWaitMs(end, this.#t0Ms + end.endedAtMs)
    this.#seen.set(send.call, { startMs, ...(end && told !== undefined && { mayReturnAtMs: end.endedAtMs + told }) })
    return startMs
  }
}
