// The codes by which servers name a failure, and what each means. They come after the target's own (`errors` of the target).
//
// Sources: the error table of the reference server; JSON-RPC 2.0 §5.1; MCP; and the words that servers in the wild use for 429, in
// whatever capitals. Not modelled: a code that means different things on different tools.
import type { CallClass } from './event.ts'
import type { Evidence } from './load-line.ts'

/** A server may name its code in `data.code`, as a word or a number, or as the JSON-RPC code alone. */
export function codesOf({ data, rpcCode }: Evidence): string[] {
  return [data?.code, data?.name, data?.error, rpcCode].filter((code) => typeof code === 'string' || typeof code === 'number').map(String)
}

/** What a code means, by word or number; undefined when it is not known. */
export function classOfCode(code: string): CallClass | undefined {
  return KNOWN[code.toUpperCase()]
}

/** In capitals. */
const KNOWN: Readonly<Record<string, CallClass>> = {
  ...spell('refused', 'RATE_LIMITED', 42901, 'CONCURRENCY_LIMITED', 42902),
  ...spell('refused', 'TOO_MANY_REQUESTS', 'RATE_LIMIT_EXCEEDED', 'THROTTLED'),
  ...spell('shed', 'OVERLOADED', 50301),
  ...spell('dependency', 'DEPENDENCY_UNAVAILABLE', 50302),
  ...spell('draining', 'DRAINING', 50303),
  ...spell('queue', 'QUEUE_FULL', 50304),
  ...spell('timeout', 'TOOL_TIMEOUT', 50401, 'OUTCOME_UNKNOWN', 40902),
  ...spell('denied', 'UNAUTHENTICATED', 40101, 'INSUFFICIENT_SCOPE', 40301, 'POLICY_REVIEW_REQUIRED', 40302, 'DENIED', 40303),
  ...spell('conflict', 'IDEMPOTENCY_IN_PROGRESS', 40901, 'IDEMPOTENCY_MISMATCH', 42201),
  ...spell('invalid', 'IDEMPOTENCY_REQUIRED', 40001, 'INVALID_ARGUMENTS', 40002),
  ...spell('too-large', 'REQUEST_TOO_LARGE', 41301, 'RESULT_TOO_LARGE', 41302),
  ...spell('server-error', 'INTERNAL', 50001, -32603),
  ...spell('invalid', -32700, -32600, -32601, -32602, -32020, -32021, -32022),
}

function spell(is: CallClass, ...codes: (string | number)[]): Record<string, CallClass> {
  return Object.fromEntries(codes.map((code) => [String(code), is]))
}
