// What travels through the controls: one call on its way in, one answer on its way out.
import type { IncomingHttpHeaders } from 'node:http'
import type { Session } from './store/session.ts'
import type { AgentLimits, Priority, Tier } from './tiers.ts'
import type { Tool } from './tools/tool.ts'
import type { CallTrace } from './traces.ts'

export type Era = 'modern' | 'legacy'

/** Who is calling, as the key store says. */
export interface Identity {
  tenant: string
  agent: string
  keyId: string
  scopes: ReadonlySet<string>
  /** How refusals reach this agent: by HTTP status, or as a tool result for clients that drop everything else. */
  errorSurface: 'http' | 'tool'
  /** How it was known, for the log. */
  pattern?: 'bearer-key' | 'oauth' | 'mtls'
  /** Sets rates, tools and review limits (tiers.ts). */
  tier: Tier
  /** Who is shed first when the server is at its limit. */
  priority: Priority
  /** Of this agent alone; they go before its tier's. */
  limits?: AgentLimits
}

/** What the log line tells beside identity, tool and outcome. Times in ms. */
export interface Facts {
  /** Until the body had been read. */
  bodyMs?: number
  /** For the limiter's answer. */
  admissionMs?: number
  queueMs: number
  dbMs: number
  /** COMMIT is on its way: from here on nobody can say that the write did not happen. */
  commitSent: boolean
  replayed: boolean
  /** All requests to services behind the tool. */
  upstreamMs: number
  /** What this call has learnt of a dependency: it answered, or it did not; absent when it was not asked. */
  postgres?: 'up' | 'down'
  upstream?: 'up' | 'down'
}

export interface Call {
  /** `X-Request-Id` when it is sane, else the JSON-RPC id when that is, else one of our own. It is logged: ids carry no secret. */
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
  /** SHA-256 of the client certificate on its connection, base64url; absent without one. */
  readonly certificate?: string
  /** W3C traceparent as the agent sent it: passed on upstream where this server makes no spans of its own. */
  readonly traceparent?: string | undefined
  /** Absent: tracing is off. */
  readonly trace?: CallTrace | undefined
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
  /** Returns connection and place before the call ends: nobody holds one while waiting for somebody else. Twice is harmless. */
  giveBack?: () => Promise<void>
  /** Sends a notification ahead of the answer, which makes the answer a stream; absent where the caller cannot read one. */
  notify?: (notification: Record<string, unknown>) => void
  /** Of the monotonic clock; infinite when nothing bounds the call. */
  deadlineAtMs: number
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
  /** For the log: which error it is, if any. */
  error?: { code: string; counts: string; scope?: string }
}

/** A result as tools hand it over: `structuredContent` is the truth, the text is its JSON. */
export interface ToolResult {
  structured: Record<string, unknown>
  /** The stored answer of an earlier call with the same key. */
  replayed?: boolean
  /** There is more than this: makes the cursor to what follows the first `kept` items of the tool's list. */
  next?: (kept: number) => Promise<string | undefined>
  /** The text beside it, when that is not its JSON. */
  text?: (structured: Record<string, unknown>) => string
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
