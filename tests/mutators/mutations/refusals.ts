// Answers that refuse, and errors: what they say of when to come back, and of themselves.
import { answered, isServed, isStatus, type Mutation, one, refuse, rewrite } from '../mutation.ts'

const refusal = isStatus(429)
const unavailable = isStatus(503)
const A6 = { 'retry-after-valid': 'fail' } as const
const A19 = { 'error-taxonomy': 'fail' } as const

export const refusals: Mutation[] = [
  {
    base: 'redis-outage',
    what: 'a 429 loses its Retry-After header',
    change: (run) => rewrite(one(run, refusal), { retryAfter: undefined }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a Retry-After of 0 seconds',
    change: (run) => rewrite(one(run, refusal), { retryAfter: '0' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a Retry-After of half a second',
    change: (run) => rewrite(one(run, refusal), { retryAfter: '0.5' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a Retry-After below nothing',
    change: (run) => rewrite(one(run, refusal), { retryAfter: '-1' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a Retry-After in words',
    change: (run) => rewrite(one(run, refusal), { retryAfter: 'soon' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a Retry-After that names a day long ago',
    change: (run) => rewrite(one(run, refusal), { retryAfter: 'Sun, 06 Nov 1994 08:49:37 GMT' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a header that says ten seconds more than the body',
    change(run) {
      const call = one(run, refusal)
      rewrite(call, { retryAfter: String(Number(call.end.retryAfter) + 10) })
    },
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a refusal whose body names no wait',
    change(run) {
      const call = one(run, refusal)
      const { retryAfterMs: _, ...data } = call.end.data ?? {}
      rewrite(call, { data })
    },
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a wait in the body that is a word',
    change(run) {
      const call = one(run, refusal)
      rewrite(call, { data: { ...call.end.data, retryAfterMs: '1000' } })
    },
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a wait of nothing in the body',
    change(run) {
      const call = one(run, refusal)
      rewrite(call, { data: { ...call.end.data, retryAfterMs: 0 } })
    },
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a refusal as a page for browsers',
    change: (run) => rewrite(one(run, refusal), { contentType: 'text/html' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: "a refusal under another call's id",
    change: (run) => rewrite(one(run, refusal), { rpcId: 'st-another-call' }),
    turns: A6,
  },
  {
    base: 'redis-outage',
    what: 'a refusal before the body was read, so under no id',
    change: (run) => rewrite(one(run, refusal), { rpcId: null }),
    turns: {},
  },
  {
    base: 'redis-outage',
    what: 'a limit told in prose, in a result',
    change(run) {
      const call = one(run, refusal)
      const message = 'Rate limit exceeded. Please slow down.'
      rewrite(call, { status: 200, isError: true, message, retryAfter: undefined, rpcCode: undefined, data: undefined })
    },
    turns: A6,
  },
  {
    base: 'upstream-outage',
    what: 'a 503 loses its Retry-After header',
    change: (run) => rewrite(one(run, unavailable), { retryAfter: undefined }),
    turns: A6,
  },
  {
    base: 'upstream-outage',
    what: 'a 503 that names no code',
    change(run) {
      const call = one(run, unavailable)
      const { code: _, ...data } = call.end.data ?? {}
      rewrite(call, { data, rpcCode: undefined })
    },
    turns: A19,
  },
  {
    base: 'redis-outage',
    what: 'a code that is not in the published table',
    change(run) {
      const call = one(run, refusal)
      rewrite(call, { data: { ...call.end.data, code: 'CALM_DOWN' } })
    },
    turns: A19,
  },
  {
    base: 'upstream-outage',
    what: 'an error with a stack trace',
    change: (run) => rewrite(one(run, unavailable), { message: 'TypeError: x is undefined at run (/app/server.js:12:7)' }),
    turns: A19,
  },
  {
    base: 'upstream-outage',
    what: 'an error with the address of what is behind',
    change: (run) => rewrite(one(run, unavailable), { message: 'connect ECONNREFUSED 10.0.3.17:5432' }),
    turns: A19,
  },
  {
    base: 'bad-sql',
    what: "an error in the database's own words",
    change: (run) =>
      rewrite(
        one(run, ({ end }) => end.isError === true),
        { message: 'syntax error at or near "form"' },
      ),
    turns: A19,
  },
  {
    base: 'rolling-restart',
    what: 'page two is refused with the cursor of page one, while an instance is away',
    change(run) {
      const call = one(run, (each) => isServed(each) && each.send.role === 'expensiveRead' && each.phase === 'stress')
      call.send.turn = 2
      rewrite(call, {
        isError: true,
        message: 'This cursor is unknown or too old.',
        data: { code: 'INVALID_ARGUMENTS' },
        correct: undefined,
      })
    },
    turns: A19,
  },
  {
    base: 'bad-sql',
    what: 'a bare 500 in the steady phase',
    change(run) {
      const call = one(run, (each) => isServed(each) && each.phase === 'steady')
      rewrite(call, { status: 500, isError: undefined, parsed: false, contentType: 'text/plain', correct: undefined, hash: undefined })
    },
    turns: A19,
  },
  {
    base: 'bad-sql',
    what: "an answer under another call's id",
    change: (run) => rewrite(one(run, isServed), { rpcId: 'st-another-call' }),
    turns: A19,
  },
  {
    base: 'bad-sql',
    what: 'an answer that is no JSON',
    change: (run) => rewrite(one(run, isServed), { parsed: false }),
    turns: A19,
  },
  {
    base: 'bad-sql',
    what: 'a teapot',
    change: (run) => rewrite(one(run, isServed), { status: 418, isError: undefined, correct: undefined }),
    turns: A19,
  },
  {
    base: 'bad-sql',
    what: 'a call refused for a dependency while nothing is broken, its breaker as closed as before',
    change: (run) => refuse(one(run, (each) => isServed(each) && each.phase === 'steady')),
    turns: {},
  },
  {
    base: 'retry-storm',
    what: 'a handshake refused for the budget of calls',
    change(run) {
      const [refused] = answered(run, ({ send, end }) => send.role !== 'handshake' && end.status === 429)
      const greeting = one(run, ({ send }) => send.role === 'handshake')
      const { status, contentType, parsed, retryAfter, rpcCode, message, data } = refused?.end ?? greeting.end
      rewrite(greeting, { status, contentType, parsed, retryAfter, rpcCode, message, data, rpcId: greeting.send.call })
    },
    turns: { 'handshake-free': 'fail' },
  },
  {
    base: 'honest-retry',
    what: 'every second agent that waited as told is refused again',
    change(run) {
      const back = answered(run, (call) => call.send.attempt > 1 && isServed(call) && call.phase !== 'steady', 40)
      const before = new Map(run.load.flatMap((line) => (line.kind === 'end' ? [[line.call, line] as const] : [])))
      for (const call of back.filter((_, n) => n % 2 === 0)) {
        const refused = before.get(call.send.parent ?? '')
        if (refused?.status !== 429) continue
        const { status, retryAfter, rpcCode, message, data } = refused
        rewrite(call, { status, retryAfter, rpcCode, message, data, isError: undefined, correct: undefined, hash: undefined })
      }
    },
    turns: { 'retry-after-honest': 'fail' },
  },
]
