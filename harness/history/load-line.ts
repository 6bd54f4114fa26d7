// The lines of raw/load.ndjson, as generators write them: what left, what came back, nothing judged.
// Types only, since the agents inside k6 share them. A start line has wall-clock ms; the others, ms since the run's start.
import type { Credential, Role } from '../plan/plan.ts'

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
  /** The answer's own `Date`, where `retryAfter` is a date too; not of a 200. */
  date?: string
  rateLimit?: string
  rateLimitPolicy?: string
  instance?: string
  /** `WWW-Authenticate` of a 401 or 403; at most 500 characters. */
  challenge?: string
  /** The answer's JSON-RPC id, and whether the body was JSON-RPC at all. */
  rpcId?: string | number | null
  parsed?: boolean
  rpcCode?: number
  /** Of an error, of a small result that is text alone, and how a body begins that is no JSON-RPC. */
  message?: string
  isError?: boolean
  /**
   * `error.data` (what is no object, as `data` in one), or the `structuredContent` of an `isError` result, else its text where that is an
   * object as JSON; an object `error` in it laid open; at most 4 kB.
   */
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
