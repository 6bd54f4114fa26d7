import { describe, expect, test } from 'vitest'
import { type Classified, classify, type Question, table } from './classify.ts'
import type { CallClass, Outcome } from './event.ts'
import type { Evidence } from './load-line.ts'

type Case = [
  when: string,
  evidence: Evidence,
  outcome: Outcome,
  is: CallClass,
  more?: Partial<Question & Pick<Classified, 'by' | 'budget'>>,
]

const json = { parsed: true } as const
const NOTIFICATION = { role: 'handshake', tool: 'notifications/initialized' } as const

/** At least one case a row of the table, by the row's own name. */
const cases: Case[] = [
  ['in flight at the end', { status: 0 }, 'info', 'lost', { ended: false }],
  ['no connection was made', { status: 0, transport: 'refused' }, 'fail', 'unreachable'],
  ['no connection was made', { status: 0, transport: 'dns' }, 'fail', 'unreachable', { role: 'write' }],
  ['no connection was made', { status: 0, transport: 'tls' }, 'fail', 'unreachable'],
  ['lost after sending', { status: 0, transport: 'timeout' }, 'info', 'lost'],
  ['lost after sending', { status: 0, transport: 'reset' }, 'info', 'lost', { role: 'write' }],
  ['lost after sending', { status: 200, transport: 'cut' }, 'info', 'lost'],
  ['408 with nothing in it', { status: 408, sizeBytes: 0, parsed: false }, 'info', 'lost', { role: 'write' }],
  ['another transport error', { status: 0, transport: 'other' }, 'info', 'unclassified'],
  ['429', { status: 429, ...json, data: { code: 'RATE_LIMITED', scope: 'tool' } }, 'fail', 'refused', { budget: 'tool' }],
  ['429', { status: 429, ...json, rpcCode: 42_902, data: { scope: 'agent' } }, 'fail', 'refused', { budget: 'concurrency' }],
  ['429', { status: 429, parsed: false }, 'fail', 'refused'],
  [
    '429',
    { status: 429, ...json, data: { error: 'TOO_MANY_CONCURRENT_CALLS', scope: 'key' } },
    'fail',
    'refused',
    { budget: 'concurrency' },
  ],
  ['429', { status: 429, ...json, message: 'Too many concurrent requests.' }, 'fail', 'refused', { budget: 'concurrency' }],
  ...['5 calls in flight, no more than 5 are let in', 'Only one request at a time.', 'Maximum number of concurrent calls reached'].map(
    (message): Case => ['429', { status: 429, ...json, message, data: { scope: 'agent' } }, 'fail', 'refused', { budget: 'concurrency' }],
  ),
  ['429', { status: 429, ...json, message: '60 a minute, 5 at once', data: { scope: 'agent' } }, 'fail', 'refused', { budget: 'agent' }],
  ['429', { status: 429, ...json, message: 'Concurrency limit exceeded' }, 'fail', 'refused', { budget: 'concurrency' }],
  ['429', { status: 429, ...json, data: { code: 'BUSY' } }, 'fail', 'shed', { errors: { BUSY: 'shed' } }],
  ['503', { status: 503, ...json, data: { code: 'OVERLOADED' } }, 'fail', 'shed'],
  ['503', { status: 503, ...json, rpcCode: 50_302 }, 'fail', 'dependency', { role: 'write' }],
  ['503', { status: 503, ...json, data: { code: 'DRAINING' } }, 'fail', 'draining'],
  ['503', { status: 503, ...json, data: { code: 50_304 } }, 'fail', 'queue'],
  ['503', { status: 503, ...json, data: { code: 'POOL_EMPTY' } }, 'fail', 'queue', { errors: { POOL_EMPTY: 'queue' } }],
  ['503', { status: 503, ...json, rpcCode: -32_603 }, 'fail', 'unexplained'],
  ['503', { status: 503, parsed: false }, 'info', 'unexplained', { role: 'write' }],
  ['503', { status: 503, ...json, data: { code: 'OUTCOME_UNKNOWN' } }, 'info', 'unexplained'],
  ['401, 403', { status: 401 }, 'fail', 'denied'],
  ['401, 403', { status: 403, ...json, data: { code: 'INSUFFICIENT_SCOPE' } }, 'fail', 'denied', { role: 'money' }],
  ['401, 403', { status: 403, ...json, data: { code: 'TOO_MANY' } }, 'fail', 'refused', { errors: { TOO_MANY: 'refused' } }],
  ['409, 422', { status: 409 }, 'fail', 'conflict', { role: 'write' }],
  ['409, 422', { status: 422 }, 'fail', 'conflict'],
  ['413', { status: 413 }, 'fail', 'too-large'],
  ['400, 404, 405', { status: 400, ...json, rpcCode: -32_602 }, 'fail', 'invalid'],
  ['400, 404, 405', { status: 404 }, 'fail', 'invalid'],
  ['400, 404, 405', { status: 405 }, 'fail', 'invalid'],
  [
    'other 5xx that names a limit in prose',
    { status: 500, parsed: false, message: "RateLimiter 'orders' does not permit further calls" },
    'fail',
    'refused',
    { by: 'inferred', role: 'write' },
  ],
  [
    'other 5xx that names a limit in prose',
    { ...prose('Rate limit exceeded'), status: 500, rpcCode: -32_603 },
    'fail',
    'refused',
    { by: 'inferred' },
  ],
  ['other 5xx', { ...prose('rate limit store away'), status: 500, data: { code: 'INTERNAL' } }, 'fail', 'server-error'],
  ['other 5xx', { status: 500, message: "CircuitBreaker 'orders' is OPEN and does not permit further calls" }, 'fail', 'server-error'],
  ['other 5xx', { status: 502, parsed: false, message: 'Please try again in 30 seconds.' }, 'info', 'server-error', { role: 'write' }],
  ['other 5xx', { status: 500 }, 'fail', 'server-error'],
  ['other 5xx', { status: 502 }, 'info', 'server-error', { role: 'write' }],
  ['other 5xx', { status: 504, ...json, data: { code: 'TOOL_TIMEOUT' } }, 'info', 'timeout', { role: 'money' }],
  ['other 5xx', { status: 502, ...json, rpcCode: 50_302 }, 'fail', 'dependency', { role: 'write' }],
  ['other 5xx', { status: 529, ...json, data: { code: 'OVERLOADED' } }, 'fail', 'shed'],
  ['other 5xx', { status: 500, ...json, data: { code: 'INVALID_ARGUMENTS' } }, 'info', 'server-error', { role: 'write' }],
  ['another 4xx that names its code', { status: 408, ...json, data: { code: 'LATE' } }, 'fail', 'timeout', { errors: { LATE: 'timeout' } }],
  ['another 4xx that names its code', { status: 415, ...json, rpcCode: -32_600 }, 'fail', 'invalid', { role: 'write' }],
  [
    'another 4xx that names its code',
    { status: 420, ...json, data: { code: 'RATE_LIMITED', scope: 'agent' } },
    'fail',
    'refused',
    { budget: 'agent' },
  ],
  ['3xx', { status: 302 }, 'fail', 'server-error'],
  ['3xx', { status: 308 }, 'info', 'server-error', { role: 'write' }],
  ['an accepted notification', { status: 202, parsed: false }, 'ok', 'served', NOTIFICATION],
  ['an accepted notification', { status: 200, parsed: false }, 'ok', 'served', NOTIFICATION],
  ['an accepted notification', { status: 204 }, 'ok', 'served', NOTIFICATION],
  ['200, a JSON-RPC error that names its code', { status: 200, ...json, rpcCode: -32_602 }, 'fail', 'invalid', NOTIFICATION],
  ['anything else', { status: 202, parsed: false }, 'info', 'unclassified', { role: 'handshake', tool: 'initialize' }],
  ['anything else', { status: 202, parsed: false }, 'info', 'unclassified', { role: 'cheapRead' }],
  ["200, answered with another call's id", { status: 200, ...json, rpcId: 'c2', isError: false }, 'fail', 'server-error'],
  ["200, answered with another call's id", { status: 200, ...json, rpcId: 1, isError: false }, 'info', 'server-error', { role: 'write' }],
  ["200, answered with another call's id", { ...tool('RATE_LIMITED'), rpcId: 'c2' }, 'fail', 'server-error'],
  ['200, a result', { status: 200, ...json, rpcId: 'c1', isError: false }, 'ok', 'served'],
  ['200, a result', { status: 200, ...json, rpcId: null, isError: false }, 'ok', 'served'],
  ['200 that does not parse', { status: 200, parsed: false }, 'fail', 'server-error'],
  ['200 that does not parse', { status: 200, parsed: false }, 'info', 'server-error', { role: 'write' }],
  ['200, a tool error that names its code', tool('DEPENDENCY_UNAVAILABLE'), 'fail', 'dependency', { role: 'write' }],
  ['200, a tool error that names its code', tool('RESULT_TOO_LARGE'), 'fail', 'too-large'],
  ['200, a tool error that names its code', tool('IDEMPOTENCY_IN_PROGRESS'), 'fail', 'conflict', { role: 'write' }],
  ['200, a tool error that names its code', tool('IDEMPOTENCY_MISMATCH'), 'fail', 'conflict', { role: 'write' }],
  ['200, a tool error that names its code', tool('INVALID_ARGUMENTS'), 'fail', 'invalid', { role: 'write' }],
  ['200, a tool error that names its code', tool('TOOL_TIMEOUT'), 'fail', 'timeout'],
  ['200, a tool error that names its code', tool('TOOL_TIMEOUT'), 'info', 'timeout', { role: 'write' }],
  ['200, a tool error that names its code', tool('OUTCOME_UNKNOWN'), 'info', 'timeout'],
  ['200, a tool error that names its code', tool('INTERNAL'), 'info', 'server-error', { role: 'write' }],
  ['200, a tool error that names its code', tool('CONCURRENCY_LIMITED'), 'fail', 'refused', { budget: 'concurrency' }],
  ['200, a tool error that names its code', tool('SLOW_DOWN'), 'fail', 'refused', { errors: { SLOW_DOWN: 'refused' } }],
  ['200, a tool error that names its code', tool('ODD'), 'info', 'unclassified', { errors: { ODD: 'no-such-class' } }],
  ['200, a JSON-RPC error that names its code', { status: 200, ...json, rpcCode: -32_602 }, 'fail', 'invalid'],
  [
    '200, a JSON-RPC error that names its code',
    { status: 200, ...json, rpcCode: 42_901, data: { scope: 'agent' } },
    'fail',
    'refused',
    { budget: 'agent' },
  ],
  ...['TOO_MANY_REQUESTS', 'rate_limit_exceeded', 'rate_limited', 'Throttled'].map(
    (code): Case => ['200, a tool error that names its code', tool(code), 'fail', 'refused', { role: 'write' }],
  ),
  [
    '200, an error that tells a wait',
    { ...prose('Rate limit exceeded'), rpcCode: -32_000, data: { retryAfterMs: 900 } },
    'fail',
    'refused',
  ],
  ['200, an error that tells a wait', { ...tool('BUSY'), data: { code: 'BUSY', retryAfterMs: 900 } }, 'fail', 'refused', { role: 'write' }],
  [
    '200, a tool error that names its code',
    { ...tool('TOOL_TIMEOUT'), data: { code: 'TOOL_TIMEOUT', retryAfterMs: 900 } },
    'fail',
    'timeout',
  ],
  [
    '200, an error that tells a limit in prose',
    { ...prose('Rate limit exceeded, slow down'), isError: true },
    'fail',
    'refused',
    { by: 'inferred' },
  ],
  ['200, an error that tells a limit in prose', { ...prose('Too many requests'), rpcCode: -32_000 }, 'fail', 'refused', { by: 'inferred' }],
  [
    '200, an error that tells bad arguments in prose',
    { ...prose('Input validation error: page'), isError: true },
    'fail',
    'invalid',
    { by: 'inferred' },
  ],
  [
    '200, a result that is nothing but a limit told in prose',
    { ...prose('You are being throttled.'), isError: false, sizeBytes: 90 },
    'fail',
    'refused',
    { by: 'inferred' },
  ],
  // Go and TypeScript servers: whatever a handler throws, under JSON-RPC's code for anything at all.
  [
    '200, an error that tells a limit in prose',
    { ...prose('Rate limit exceeded'), rpcCode: -32_603 },
    'fail',
    'refused',
    { by: 'inferred', role: 'write' },
  ],
  ['200, an error that tells a wait', { ...prose('Wait.'), rpcCode: -32_600, data: { retryAfterMs: 900 } }, 'fail', 'refused'],
  ['200, an error that names a code for anything at all', { ...prose('nil pointer'), rpcCode: -32_603 }, 'fail', 'server-error'],
  ['200, an error that names a code for anything at all', { ...prose('no such session'), rpcCode: -32_600 }, 'fail', 'invalid'],
  [
    '200, a JSON-RPC error that names its code',
    { ...prose('rate limit must be a number'), rpcCode: -32_602 },
    'fail',
    'invalid',
    { role: 'write' },
  ],
  [
    '200, a JSON-RPC error that names its code',
    { ...prose('Rate limit'), rpcCode: -32_603 },
    'info',
    'server-error',
    { role: 'write', errors: { '-32603': 'server-error' } },
  ],
  ['200, a JSON-RPC error that names its code', { ...prose('Slow.'), rpcCode: 429 }, 'fail', 'refused'],
  ...(
    [
      ['rateLimited', 'refused'],
      ['rate-limit-exceeded', 'refused'],
      ['Too Many Requests', 'refused'],
      ['CircuitBreakerOpen', 'dependency'],
      ['SHUTTING_DOWN', 'draining'],
      ['PERMISSION_DENIED', 'denied'],
      ['validation_error', 'invalid'],
    ] as const
  ).map(([code, is]): Case => ['200, a tool error that names its code', tool(code), 'fail', is]),
  [
    '200, an error that tells in prose what is away, and when to come back',
    { ...prose('Circuit breaker is open for postgres. Retry in 5 seconds.'), isError: true },
    'fail',
    'dependency',
    { by: 'inferred' },
  ],
  [
    '200, an error that tells in prose what is away, and when to come back',
    { ...prose('The database timed out, try again in 5 s'), isError: true },
    'info',
    'dependency',
    { by: 'inferred', role: 'write' },
  ],
  [
    '200, an error that tells in prose what is away, and when to come back',
    { ...prose('The upstream API is unavailable.'), isError: true, data: { code: 'NOT_NOW', retryAfterMs: 900 } },
    'fail',
    'dependency',
    { by: 'inferred' },
  ],
  ['anything else', { ...prose('The database is down.'), isError: true }, 'info', 'unclassified'],
  [
    '200, an error that tells bad arguments in prose',
    { ...prose('Error executing tool search: 1 validation error for searchArguments'), isError: true },
    'fail',
    'invalid',
    { by: 'inferred' },
  ],
  [
    '200, an event stream that ended without an answer',
    { status: 200, parsed: false, contentType: 'text/event-stream; charset=utf-8', sizeBytes: 0 },
    'info',
    'lost',
  ],
  [
    '200, a result that is nothing but a limit told in prose',
    { ...prose('Error: rate limit exceeded (60/min). Retry later.'), isError: false, correct: true, sizeBytes: 180 },
    'fail',
    'refused',
    { by: 'inferred', proves: false },
  ],
  ['200, a result', { ...prose('Rate limit exceeded'), isError: false, correct: true, sizeBytes: 90 }, 'ok', 'served', { proves: true }],
  [
    '200, a result',
    { ...prose('How to answer when a rate limit was exceeded'), isError: false, correct: true, sizeBytes: 120 },
    'ok',
    'served',
    { proves: false },
  ],
  ['200, a result', { status: 200, ...json, isError: false }, 'ok', 'served', { role: 'write' }],
  ['200, a result', { ...prose('How to handle a rate limit'), isError: false, correct: true }, 'ok', 'served'],
  ['anything else', { status: 418 }, 'info', 'unclassified'],
  ['anything else', { status: 408, sizeBytes: 15, parsed: false }, 'info', 'unclassified'],
  ['anything else', { status: 408, sizeBytes: 0, parsed: false, retryAfter: '1' }, 'info', 'unclassified'],
  ['anything else', { status: 408, sizeBytes: 0, parsed: false, instance: '1' }, 'info', 'unclassified'],
  ['anything else', { status: 200, ...json }, 'info', 'unclassified'],
  ['anything else', { status: 204 }, 'info', 'unclassified'],
  ['anything else', { status: 200, ...json, isError: true, message: 'it did not work' }, 'info', 'unclassified'],
  ['anything else', { status: 200, ...json, rpcCode: -32_000, message: 'no' }, 'info', 'unclassified'],
]

function tool(code: string): Evidence {
  return { status: 200, ...json, isError: true, data: { code } }
}

function prose(message: string): Evidence {
  return { status: 200, ...json, message }
}

describe('the outcome table', () => {
  test.each(cases)('%s: %j → %s, %s', (_when, evidence, outcome, is, more = {}) => {
    const { by = 'direct', budget, ...question } = more
    const got = classify({ call: 'c1', evidence, ended: true, role: 'cheapRead', tool: 'list', errors: {}, ...question })
    expect(got).toEqual({ outcome, class: is, by, ...(budget !== undefined && { budget }) })
  })

  test.each([
    'Rate limit exceeded',
    'RATE_LIMIT_EXCEEDED: wait',
    'You are rate-limited',
    'Limit reached for this agent',
    'Daily limit has been reached',
    'Request limit exceeded',
    'usage limit exceeded',
    'You are calling too fast',
    'Retry after 5 s',
    'please wait 30 seconds',
    'Too many concurrent calls',
    'upstream said HTTP 429',
    "Bulkhead 'orders' is full and does not permit further calls",
    'The operation could not be executed because it was rejected by the rate limiter.',
    'rate: Wait(n=1) would exceed context deadline',
  ])('tells a limit: %s', (message) => {
    const evidence = { ...prose(message), isError: true }
    expect(classify({ call: 'c1', evidence, ended: true, role: 'write', tool: 'make', errors: {} })).toMatchObject({
      outcome: 'fail',
      class: 'refused',
      by: 'inferred',
    })
  })

  test.each(['column rate_limit does not exist', 'column "rate_limits" does not exist', 'Row limit reached: 100 of 4290', 'order 429'])(
    'tells none: %s',
    (message) => {
      for (const isError of [true, false]) {
        const evidence = { ...prose(message), isError, sizeBytes: 90 }
        expect(classify({ call: 'c1', evidence, ended: true, role: 'cheapRead', tool: 'list', errors: {} }).class).not.toBe('refused')
      }
    },
  )

  test('every row has a case', () => {
    const shown = new Set(cases.map(([when]) => when))
    expect(table.map(({ when }) => when).filter((when) => !shown.has(when))).toEqual([])
  })

  test.each(['write', 'money'] as const)('a 503 to a %s says that nothing ran where its code does', (role) => {
    const of = (evidence: Evidence) => classify({ call: 'c1', evidence, ended: true, role, tool: 'list', errors: {} }).outcome
    expect(of({ status: 503, ...json, data: { code: 'OVERLOADED' } })).toBe('fail')
    // What stands before the server says the same when a connection to it was lost on the way.
    expect(of({ status: 503 })).toBe('info')
  })
})
