// The lines of a run's files: raw/*.ndjson as producers write them, and history.ndjson as checks read them.
// Types only, since the agents inside k6 share them. Times: raw files carry wall-clock ms; the history, ms since the run's start.
import type { Credential, Phase, Role } from '../plan/plan.ts'
import type { Manifest } from './manifest.ts'

export const SCHEMA_VERSION = 1

// ---- raw/load.ndjson: the generator -------------------------------------------------------------------------------

/** First line of the file: when the generator began its timeline. All planned moments count from `atMs`. */
export interface StartLine {
  kind: 'start'
  atMs: number
}

/** A call leaves. Every line of an agent carries the next `seq` (from 1), which proves that none is missing. */
export interface SendLine {
  kind: 'send'
  seq: number
  /** Unique in the run; the JSON-RPC id and `X-Request-Id` of the request. */
  call: string
  agent: string
  task: string
  turn: number
  attempt: number
  /** The attempt before this one. */
  parent?: string
  role: Role | 'handshake'
  tool: string
  /** Ms since the run's start. */
  plannedAtMs: number
  sentAtMs: number
  timeoutMs: number
  /** As sent: with the run's id before it. */
  key?: string
  trace: string
  /** With credentials that are not the agent's own. */
  credential?: Credential
  /** Other arguments than the first attempt, under the same key. */
  altered?: true
}

/** What came back, raw: no judgement but the role's own correctness rules. */
export interface Evidence {
  /** 0: no answer. */
  status: number
  /** No answer: what the client saw. */
  transport?: 'timeout' | 'reset' | 'refused' | 'dns' | 'tls' | 'cut' | 'other'
  /** The client's own words and code for it. */
  transportText?: string
  contentType?: string
  retryAfter?: string
  rateLimit?: string
  rateLimitPolicy?: string
  instance?: string
  /** `WWW-Authenticate` of a 401 or 403; at most 500 characters. */
  challenge?: string
  /** The answer's JSON-RPC id, and whether the body was JSON-RPC at all. */
  rpcId?: string | number | null
  parsed?: boolean
  rpcCode?: number
  message?: string
  isError?: boolean
  /** `error.data`, or the `structuredContent` of an `isError` result; at most 4 kB. */
  data?: Record<string, unknown>
  /** Marked by the server as the stored answer of an earlier call with the same key. */
  replayed?: boolean
  sizeBytes?: number
  /** FNV-1a over the result's structuredContent (else content), as 8 hex digits. */
  hash?: string
  /** Whose rows it says it has, each once, at most 10; absent when the role does not say where. */
  tenants?: string[]
  /** The role's rules held; absent when it has none or there was no result. */
  correct?: boolean
}

export interface EndLine extends Evidence {
  kind: 'end'
  seq: number
  call: string
  agent: string
  /** Ms since the run's start. */
  endedAtMs: number
}

/** An agent's last line. */
export interface StopLine {
  kind: 'stop'
  seq: number
  agent: string
  tasksStarted: number
  /** Calls handed to the engine, by the agent's own count: not counted from its lines. */
  callsSent: number
  /** Absent: it met none. */
  streams?: StreamCounts
  atMs: number
}

/** What an agent met of the server's own streams and requests; neither is a call. */
export interface StreamCounts {
  /** The server's own stream: opened, not given (405 and the like), ended by the server. */
  opened: number
  refused: number
  ended: number
  /** Requests of the server, on whatever stream, and those whose answer it took. */
  asked: number
  answered: number
}

export interface CrashLine {
  kind: 'crash'
  seq: number
  agent: string
  task: string
  text: string
}

export type LoadLine = StartLine | SendLine | EndLine | StopLine | CrashLine

// ---- raw/generators.ndjson: generators on other machines, by way of the collector (its wall-clock ms) ----------------

/** What a generator that shares the plan says of itself. `part` counts from 1; 0 is the harness. */
export interface GeneratorLine {
  kind: 'generator'
  atMs: number
  part: number
  of: number
  /** `hello`: it is there; `clock`: one measurement; `end`: its file is whole, so far as it can tell. */
  event: 'hello' | 'clock' | 'end'
  /** The plan that it has drawn. */
  planHash?: string
  host?: string
  /** What to add to its clock to get the collector's, and how far off that may be either way. */
  offsetMs?: number
  uncertaintyMs?: number
  /** At its end: the size of its file. */
  bytes?: number
}

// ---- raw/faults.ndjson, links.ndjson, samples.ndjson, effects.ndjson, clock.ndjson: the harness (wall-clock ms) ----

export interface FaultLine {
  kind: 'fault'
  atMs: number
  window: string
  fault: string
  dependency: string
  /** Which time, where its window has this fault more than once. */
  turn?: number
  event: 'injecting' | 'injected' | 'changed' | 'felt' | 'not-felt' | 'healing' | 'healed' | 'not-healed'
  /** What the canary measured. */
  detail?: string
}

/** A connection attempt at one of the proxy's links. */
export interface AttemptLine {
  kind: 'attempt'
  atMs: number
  link: string
  /** Refused by a fault at the link, or by what is behind it. */
  refused: boolean
}

/** A request that reached the upstream stub; the harness's own canaries are left out. */
export interface HitLine {
  kind: 'hit'
  atMs: number
  /** What the stub answered; 0: nothing. */
  status: number
  /** `X-Request-Id` of the request: the agent's call, when the server passes it on. */
  call?: string
  /** Of its `traceparent`. */
  trace?: string
}

/** A span that the server sent to the harness's own collector. */
export interface SpanLine {
  kind: 'span'
  atMs: number
  endedAtMs: number
  trace: string
  span: string
  parent?: string
  name: string
  /** `server` | `client` | `internal`. */
  role: string
  instance?: string
  /** Numbers and words only, at most 200 characters each. */
  attributes: Record<string, string | number | boolean>
}

/** A planted secret that was found where none belongs. */
export interface LeakLine {
  kind: 'leak'
  /** `server-1.log:214`, `spans`. */
  where: string
  /** The secret as planted. */
  secret: string
  /** The call whose arguments held it. */
  call?: string
}

/** Values by `series` name (`poolWaiting{pool="cheap"}`), in the unit that the name ends with. */
export interface SampleLine {
  kind: 'sample'
  atMs: number
  sampler: string
  instance?: string
  values: Record<string, number>
}

/** Effects of one idempotency key, read once activity was 0. */
export interface EffectLine {
  kind: 'effect'
  role: Role
  key: string
  rows: number
  names: string[]
}

/** Wall and monotonic clock, read together. */
export interface ClockLine {
  kind: 'clock'
  atMs: number
  monotonicMs: number
}

// ---- history.ndjson -----------------------------------------------------------------------------------------------

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
