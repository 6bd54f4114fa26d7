// The one table of everything this server says when it says no. Operators find each code in operations/runbook.md (a
// test keeps the two complete), agents find `code`, `retryable` and `retryAfterMs` in the data.
//
// Codes of ours stay outside -32768…-32000, which JSON-RPC and MCP keep for themselves (specification 2026-07-28).
// `surface`: `http` = refused before running: status and JSON-RPC error (or a tool result, when the agent's key asks for
// that); `tool` = the tool ran or its arguments were wrong: always a result with `isError`.

export interface ErrorEntry {
  rpcCode: number
  /** HTTP status on the `http` surface. */
  status: number
  retryable: boolean
  surface: 'http' | 'tool'
  /** How the log counts it: a limit that works is no error, a wrong argument is the caller's, the rest is ours. */
  counts: 'rate_limited' | 'business-error' | 'system-error'
}

const refusal = { surface: 'http', counts: 'business-error', retryable: false } as const
const overload = { surface: 'http', counts: 'system-error', retryable: true, status: 503 } as const
const outcome = { surface: 'tool', counts: 'business-error', retryable: false, status: 200 } as const

export const ERRORS = {
  RATE_LIMITED: { ...refusal, rpcCode: 42901, status: 429, retryable: true, counts: 'rate_limited' },
  CONCURRENCY_LIMITED: { ...refusal, rpcCode: 42902, status: 429, retryable: true, counts: 'rate_limited' },
  OVERLOADED: { ...overload, rpcCode: 50301 },
  DEPENDENCY_UNAVAILABLE: { ...overload, rpcCode: 50302 },
  DRAINING: { ...overload, rpcCode: 50303 },
  QUEUE_FULL: { ...overload, rpcCode: 50304 },
  TOOL_TIMEOUT: { ...outcome, rpcCode: 50401, retryable: true, counts: 'system-error' },
  UNAUTHENTICATED: { ...refusal, rpcCode: 40101, status: 401 },
  INSUFFICIENT_SCOPE: { ...refusal, rpcCode: 40301, status: 403 },
  POLICY_REVIEW_REQUIRED: { ...refusal, rpcCode: 40302, status: 403 },
  DENIED: { ...refusal, rpcCode: 40303, status: 403 },
  IDEMPOTENCY_IN_PROGRESS: { ...outcome, rpcCode: 40901, retryable: true },
  IDEMPOTENCY_MISMATCH: { ...outcome, rpcCode: 42201 },
  IDEMPOTENCY_REQUIRED: { ...outcome, rpcCode: 40001 },
  INVALID_ARGUMENTS: { ...outcome, rpcCode: 40002 },
  OUTCOME_UNKNOWN: { ...outcome, rpcCode: 40902, counts: 'system-error' },
  REQUEST_TOO_LARGE: { ...refusal, rpcCode: 41301, status: 413 },
  RESULT_TOO_LARGE: { ...outcome, rpcCode: 41302 },
  INTERNAL: { ...outcome, rpcCode: 50001, status: 500, counts: 'system-error' },
  // The specification's own, here so that the runbook knows them too.
  PARSE_ERROR: { ...refusal, rpcCode: -32700, status: 400 },
  INVALID_REQUEST: { ...refusal, rpcCode: -32600, status: 400 },
  METHOD_NOT_FOUND: { ...refusal, rpcCode: -32601, status: 404 },
  METHOD_NOT_ALLOWED: { ...refusal, rpcCode: -32600, status: 405 },
  UNSUPPORTED_MEDIA_TYPE: { ...refusal, rpcCode: -32600, status: 415 },
  INVALID_PARAMS: { ...refusal, rpcCode: -32602, status: 400 },
  HEADER_MISMATCH: { ...refusal, rpcCode: -32020, status: 400 },
  CAPABILITY_REQUIRED: { ...refusal, rpcCode: -32021, status: 400 },
  PROTOCOL_VERSION: { ...refusal, rpcCode: -32022, status: 400 },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

export interface CallErrorDetails {
  /** When asking again may succeed. Every 429 and 503 gets one, here or by default. */
  retryAfterMs?: number
  /** Which budget, pool or dependency: `agent`, `tool`, `concurrency`, `postgres`. */
  scope?: string
  limit?: number
  windowMs?: number
  /** Headers beyond the usual: a challenge, RateLimit. */
  headers?: Record<string, string>
  /** More of `data`, such as the versions that are supported. */
  data?: Record<string, unknown>
  cause?: unknown
}

/** A refusal or failure that the caller is told. `message` is one plain sentence for a person or a model: no SQL, no hosts. */
export class CallError extends Error {
  readonly code: ErrorCode
  readonly details: CallErrorDetails

  constructor(code: ErrorCode, message: string, details: CallErrorDetails = {}) {
    // Most of these are refusals, and a refusal must be cheap: its stack says nothing that the code does not. A cause keeps its own.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'CallError'
    this.code = code
    this.details = details
  }

  get entry(): ErrorEntry {
    return ERRORS[this.code]
  }
}

/** Whatever was thrown as something that can be told: what nobody foresaw is INTERNAL, its text stays in the log. */
export function asCallError(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown
  return new CallError('INTERNAL', 'The server made a mistake; it has been recorded. Asking again will not help.', { cause: thrown })
}

/** The code of the specification's own errors, by number and status. */
export function specificationCode(rpcCode: number, status: number): ErrorCode {
  const found = Object.entries(ERRORS).find(([, entry]) => entry.rpcCode === rpcCode && entry.status === status)
  return (found?.[0] as ErrorCode | undefined) ?? 'INVALID_REQUEST'
}
