// The codes by which servers name a failure, and what each means. They come after the target's own (`errors` of the target).
//
// Sources: the error table of the reference server; JSON-RPC 2.0 §5.1; MCP; and the words that servers in the wild use,
// however they are written (`rateLimited`, `rate-limited`, `Too Many Requests`). Not modelled: a code that means different things on
// different tools, or more than one thing anywhere (TIMEOUT, UNAVAILABLE, QUOTA_EXCEEDED).
import type { CallClass } from './event.ts'
import type { Evidence } from './load-line.ts'

/** A server may name its code in `data.code`, as a word or a number, or as the JSON-RPC code alone. */
export function codesOf({ data, rpcCode }: Evidence): string[] {
  const told = [data?.code, data?.name, data?.error, data?.errorCode, data?.error_code, rpcCode]
  return told.filter((code) => typeof code === 'string' || typeof code === 'number').map(String)
}

/** What these codes mean, by the target's table or by ours; undefined when none is known. */
export function classNamed(codes: readonly string[], errors: Readonly<Record<string, string>>): CallClass | undefined {
  for (const code of codes) {
    const own = errors[code]
    if (own !== undefined) return CLASSES.has(own) ? (own as CallClass) : 'unclassified'
  }
  for (const code of codes) {
    const known = KNOWN[/[a-z]/i.test(code) ? inCapitals(code) : code]
    if (known) return known
  }
  return undefined
}

/**
 * By nothing but JSON-RPC's codes for "something went wrong", with which SDKs tell whatever a handler has thrown (Go, TypeScript's
 * McpError): they say less than all else that stands in the answer.
 */
export function isNamedVaguely(codes: readonly string[], errors: Readonly<Record<string, string>>): boolean {
  const telling = codes.filter((code) => !VAGUE.has(code) || code in errors)
  return classNamed(telling, errors) === undefined
}

const VAGUE: ReadonlySet<string> = new Set(['-32603', '-32600'])

function inCapitals(code: string): string {
  return code
    .replace(/([a-z])(?=[A-Z])/g, '$1_')
    .replace(/\W+/g, '_')
    .toUpperCase()
}

const CLASSES: ReadonlySet<string> = new Set<CallClass>([
  'served',
  'refused',
  'shed',
  'draining',
  'dependency',
  'queue',
  'unexplained',
  'too-large',
  'conflict',
  'invalid',
  'timeout',
  'denied',
  'server-error',
  'lost',
  'unreachable',
])

/** In capitals. */
const KNOWN: Readonly<Record<string, CallClass>> = {
  ...spell('refused', 'RATE_LIMITED', 42901, 'CONCURRENCY_LIMITED', 42902),
  ...spell('refused', 'TOO_MANY_REQUESTS', 'RATE_LIMIT_EXCEEDED', 'THROTTLED', 'RATE_LIMIT', 'RATE_LIMIT_ERROR', 'RATE_LIMIT_REACHED', 429),
  ...spell('refused', 'TOO_MANY_CONCURRENT_CALLS', 'TOO_MANY_CONCURRENT_REQUESTS', 'CONCURRENCY_LIMIT', 'CONCURRENCY_LIMIT_EXCEEDED'),
  ...spell('shed', 'OVERLOADED', 50301, 'SERVER_OVERLOADED', 'OVERLOADED_ERROR'),
  ...spell('dependency', 'DEPENDENCY_UNAVAILABLE', 50302, 'CIRCUIT_OPEN', 'CIRCUIT_BREAKER_OPEN', 'BREAKER_OPEN'),
  ...spell('draining', 'DRAINING', 50303, 'SHUTTING_DOWN'),
  ...spell('queue', 'QUEUE_FULL', 50304),
  ...spell('timeout', 'TOOL_TIMEOUT', 50401, 'OUTCOME_UNKNOWN', 40902),
  ...spell('denied', 'UNAUTHENTICATED', 40101, 'INSUFFICIENT_SCOPE', 40301, 'POLICY_REVIEW_REQUIRED', 40302, 'DENIED', 40303),
  ...spell('denied', 'UNAUTHORIZED', 'FORBIDDEN', 'PERMISSION_DENIED'),
  ...spell('conflict', 'IDEMPOTENCY_IN_PROGRESS', 40901, 'IDEMPOTENCY_MISMATCH', 42201),
  ...spell('invalid', 'IDEMPOTENCY_REQUIRED', 40001, 'INVALID_ARGUMENTS', 40002, 'INVALID_ARGUMENT', 'INVALID_PARAMS', 'VALIDATION_ERROR'),
  ...spell('too-large', 'REQUEST_TOO_LARGE', 41301, 'RESULT_TOO_LARGE', 41302),
  ...spell('server-error', 'INTERNAL', 50001, -32603, 'INTERNAL_ERROR', 'INTERNAL_SERVER_ERROR'),
  ...spell('invalid', -32700, -32600, -32601, -32602, -32020, -32021, -32022),
}

function spell(is: CallClass, ...codes: (string | number)[]): Record<string, CallClass> {
  return Object.fromEntries(codes.map((code) => [String(code), is]))
}
