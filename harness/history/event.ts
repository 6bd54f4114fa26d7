// The lines of history.ndjson, as checks read them: calls, agents, and what the harness recorded beside them (raw-line.ts). Types only.
// Times are ms since the run's start.
import type { Phase } from '../plan/plan.ts'
import type { Evidence, SendLine } from './load-line.ts'
import type { Manifest } from './manifest.ts'
import type { AttemptLine, ClockLine, EffectLine, FaultLine, HitLine, LeakLine, SampleLine, SpanLine } from './raw-line.ts'

export const SCHEMA_VERSION = 1

export type Outcome = 'ok' | 'fail' | 'info'

export type CallClass =
  | 'served'
  | 'refused'
  | 'shed'
  | 'draining'
  | 'dependency'
  | 'queue'
  | 'unexplained'
  | 'too-large'
  | 'conflict'
  | 'invalid'
  | 'timeout'
  | 'denied'
  | 'server-error'
  | 'lost'
  | 'unreachable'
  | 'unclassified'

/** One line of the server's own log about a call. */
export interface ServerSide {
  instance: string
  durationMs?: number
}

/** One call, send and end joined. */
export interface Call extends Omit<SendLine, 'kind' | 'seq'> {
  kind: 'call'
  /** Position in the history: how witnesses name it. */
  index: number
  tenant: string
  persona: string
  hostile: boolean
  /** Absent: never answered; then `evidence.transport` is absent too. */
  endedAtMs?: number
  evidence: Evidence
  outcome: Outcome
  class: CallClass
  /** Which budget refused it, as the server names it (`agent`, `tool`, `concurrency`, …). */
  budget?: string
  /** Told in prose only: `inferred`. */
  by: 'direct' | 'inferred'
  /** ok, correct, and inside the role's SLO from the planned moment (after a told wait: from its end). */
  good: boolean
  phase: Phase['name']
  window?: string
  /** Not yet decided when the phase changed (in flight, and still able to be good): left out of ratios. */
  straddles: boolean
  server?: ServerSide
}

/** What the generator says of one agent, once its file has been read whole. */
export interface AgentLine {
  kind: 'agent'
  agent: string
  tasksPlanned: number
  tasksStarted: number
  /** By its own count; 0 when it did not stop, since it says so only then. */
  callsSent: number
  lines: number
  /** Sequence numbers that are missing or doubled. */
  missing: number[]
  /** Lines that stand after one with a higher number: nothing is lost, but the file is not as it was written. */
  disordered?: number
  /** Its last line was there. */
  stopped: boolean
  crashes: string[]
}

/** First line of history.ndjson: what the merge found out that manifest.json does not say. */
export interface HeaderLine {
  kind: 'history'
  schemaVersion: number
  /** Wall-clock ms of the run's start: 0 of every `atMs` after this line. */
  t0Ms?: number
  callsInServerLog?: number
  callsTwiceInServerLog?: number
  fleet?: NonNullable<Manifest['fleet']>
  raw: NonNullable<Manifest['raw']>
  notes: string[]
  /** Lines that follow; a file with fewer was cut. */
  lines: number
}

export type HistoryLine =
  | HeaderLine
  | Call
  | AgentLine
  | FaultLine
  | AttemptLine
  | SampleLine
  | EffectLine
  | ClockLine
  | HitLine
  | SpanLine
  | LeakLine
