// What travels through the controls: one call on its way in, one answer on its way out.
import type { IncomingHttpHeaders } from 'node:http'
import type { Session } from './store/session.ts'
import type { Tool } from './tools/tool.ts'

export type Era = 'modern' | 'legacy'

/** Who is calling, as the key store says. */
export interface Identity {
  tenant: string
  agent: string
  keyId: string
  scopes: ReadonlySet<string>
  /** How refusals reach this agent: by HTTP status, or as a tool result for clients that drop everything else. */
  errorSurface: 'http' | 'tool'
}

/** What the log line tells beside identity, tool and outcome. Times in ms. */
export interface Facts {
  queueMs: number
  dbMs: number
  /** COMMIT is on its way: from here on nobody can say that the write did not happen. */
  commitSent: boolean
  replayed: boolean
  /** What this call has learnt of Postgres: it answered, or it did not; absent when it was not asked. */
  postgres?: 'up' | 'down'
}

export interface Call {
  /** `X-Request-Id` when it is sane, else the JSON-RPC id, else one of our own. */
  readonly requestId: string
  /** Unique among all instances' calls, whatever the client calls them. */
  readonly leaseId: string
  /** Null for a notification: it gets no JSON-RPC answer. */
  readonly id: string | number | null
  readonly era: Era
  readonly method: string
  readonly message: Record<string, unknown>
  readonly headers: IncomingHttpHeaders
  readonly traceId: string | undefined
  /** Of the server's monotonic clock, ms: when its headers had been read and its body was awaited. */
  readonly startedAtMs: number
  /** Aborted by the deadline or, in the era that wants it, by the caller's disconnect. The reason is a CallError. */
  readonly abort: AbortController
  readonly facts: Facts
  /** Headers that the answer gets, whatever it is: RateLimit. */
  readonly answerHeaders: Record<string, string>
  identity?: Identity
  /** Of tools/call, once the name is known to be one of ours. */
  tool?: Tool
  arguments?: Record<string, unknown>
  /** Its connection, while the bulkhead lends it one. */
  session?: Session
  /** Of the monotonic clock; infinite when nothing bounds the call. */
  deadlineAtMs: number
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
  /** For the log: which error it is, if any. */
  error?: { code: string; counts: string }
}

/** A result as tools hand it over: `structuredContent` is the truth, the text is its JSON. */
export interface ToolResult {
  structured: Record<string, unknown>
  /** The stored answer of an earlier call with the same key. */
  replayed?: boolean
}

/** Rejects as soon as the call is aborted: for waits that know nothing of signals. */
export function untilAborted(signal: AbortSignal): { aborted: Promise<never>; forget: () => void } {
  let forget = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    forget = () => signal.removeEventListener('abort', onAbort)
  })
  aborted.catch(() => undefined)
  return { aborted, forget }
}
