import { describe, expect, test } from 'vitest'
import { type Answer, refused, served, toolError, unavailable, without } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { retryAfterValid } from './retry-after-valid.ts'

const told = (answer: Answer) => aRun().agent('a').call({ of: 'a', atMs: 3_000, answer })
const dated = (waitMs: number) => new Date(T0_MS + 3_006 + waitMs).toUTCString()
const data = { code: 'RATE_LIMITED', retryAfterMs: 1_600 }

describe('retry-after-valid', () => {
  test.each<[string, Answer]>([
    ['429 with both', refused()],
    ['503 with both', unavailable()],
    ['an HTTP-date', refused({ retryAfter: dated(2_000) })],
    ['a server whose clock is a minute behind', refused({ retryAfter: dated(-58_000), date: dated(-60_000) })],
    ['a server whose clock is a minute ahead', refused({ retryAfter: dated(62_000), date: dated(60_000) })],
    ['two dates, each cut or filled up to its second', refused({ retryAfter: dated(3_000), date: dated(0) })],
    ['a body a second apart', refused({ retryAfter: '3', data: { ...data, retryAfterMs: 2_000 } })],
    ['draining, before the body was read', unavailable({ rpcId: null, data: { code: 'DRAINING', retryAfterMs: 1_000 }, retryAfter: '1' })],
    ['429, before the body was read', refused({ rpcId: null })],
    ['503, before the body was read', unavailable({ rpcId: null })],
    ['403, as GitHub has it, with both', refused({ status: 403 })],
    ['529, before the body was read', refused({ status: 529, rpcId: null, data: { code: 'OVERLOADED', retryAfterMs: 1_600 } })],
    ['a tool error with a wait, whatever its words', toolError('BUSY', 5, { data: { retryAfterMs: 900 }, message: 'Rate limit exceeded' })],
    ['a body’s retryAfter in seconds', refused({ retryAfter: '3', data: { code: 'RATE_LIMITED', retryAfter: 3 } })],
    ['a body’s retryAfter in ms', refused({ retryAfter: '3', data: { code: 'RATE_LIMITED', retryAfter: 2_600 } })],
    ['a tool result with its data', toolError('RATE_LIMITED', 5, { data })],
    ['JSON with a charset', refused({ contentType: 'application/json; charset=utf-8' })],
  ])('holds: %s', (_name, answer) => {
    expect(find(retryAfterValid, told(answer))).toMatchObject({ status: 'pass', measured: 0, samples: 1 })
  })

  test('what has no id of a request that it has not read, as the schema of MCP has it', () => {
    const story = told(refused())
    for (const line of story.load) if (line.kind === 'end') delete line.rpcId
    expect(find(retryAfterValid, story)).toMatchObject({ status: 'pass', samples: 1 })
  })

  test('a date has whole seconds: it may be over when the answer has come, not when the call left', () => {
    const answer = { ...refused({ retryAfter: dated(0), data: { ...data, retryAfterMs: 900 } }), afterMs: 20 }
    const at = (atMs: number) => find(retryAfterValid, aRun().agent('a').call({ of: 'a', atMs, answer }))
    expect(at(2_990)).toMatchObject({ status: 'pass', samples: 1 })
    expect(at(3_010)).toMatchObject({ status: 'fail', says: expect.stringContaining('already passed') })
  })

  test('a bare 503 while an instance is away may be of what stands before it; the server’s own is held to its word', () => {
    const bare = { afterMs: 5, evidence: { status: 503, contentType: 'text/html', parsed: false } }
    expect(find(retryAfterValid, told(bare)).status).toBe('fail')
    const away = { on: 'server', fromMs: 2_000, toMs: 5_000 }
    expect(find(retryAfterValid, told(bare).fault('server-killed', away))).toMatchObject({ notExercised: true })
    expect(find(retryAfterValid, told(without(unavailable(), 'retryAfter')).fault('server-killed', away)).status).toBe('fail')
  })

  test.each<[string, Answer, string]>([
    ['no header', without(refused(), 'retryAfter'), 'without Retry-After'],
    ['no header, under another status', without(refused({ status: 403 }), 'retryAfter'), 'without Retry-After'],
    ['no wait in the body of an overload', refused({ status: 529, data: { code: 'OVERLOADED' } }), 'without data.retryAfterMs'],
    ['a fraction', refused({ retryAfter: '1.6' }), 'neither whole seconds nor a date'],
    ['zero', refused({ retryAfter: '0' }), 'already passed'],
    ['a date in the past', refused({ retryAfter: dated(-5_000) }), 'already passed'],
    ['a date in the past of the server’s own clock', refused({ retryAfter: dated(60_000), date: dated(60_000) }), 'already passed'],
    ['another wait by the server’s own clock', refused({ retryAfter: dated(65_000), date: dated(60_000) }), 'disagree'],
    ['no body', unavailable({ contentType: 'text/html', parsed: false }), 'without a body in JSON-RPC'],
    ['no wait in the body', refused({ data: { code: 'RATE_LIMITED' } }), 'without data.retryAfterMs'],
    ['a body’s retryAfter that is neither', refused({ retryAfter: '3', data: { retryAfter: 60 } }), 'without data.retryAfterMs'],
    [
      'a body’s retryAfter alone',
      toolError('RATE_LIMITED', 5, { data: { code: 'RATE_LIMITED', retryAfter: 3 } }),
      'without data.retryAfterMs',
    ],
    ['two waits', refused({ retryAfter: '10' }), 'disagree'],
    ['another id', refused({ rpcId: 1 }), "without the call's id"],
    ['no id, though the tool was asked', toolError('RATE_LIMITED', 5, { data, rpcId: null }), "without the call's id"],
    ['a tool result without a wait', toolError('RATE_LIMITED', 5), 'without data.retryAfterMs'],
  ])('fails: %s', (_name, answer, flaw) => {
    const story = told(answer)
    const found = find(retryAfterValid, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, evidence: 'direct', says: expect.stringContaining(flaw) })
    expect(witnesses(story, found)).toHaveLength(1)
  })

  test('a limit told in prose alone is a fail, inferred from its words', () => {
    const answer: Answer = {
      afterMs: 5,
      evidence: { status: 200, parsed: true, isError: true, message: 'Rate limit exceeded. Try again later.' },
    }
    expect(find(retryAfterValid, told(answer))).toMatchObject({
      status: 'fail',
      evidence: 'inferred',
      says: expect.stringContaining('prose'),
    })
  })

  test('so it is where Go’s or TypeScript’s SDK tells it, under JSON-RPC’s code for anything at all, and where no rules ask for more', () => {
    const thrown = { status: 200, parsed: true, rpcCode: -32_603, message: 'Rate limit exceeded, slow down' }
    expect(find(retryAfterValid, told({ afterMs: 5, evidence: thrown }))).toMatchObject({ status: 'fail', evidence: 'inferred' })
    const fine = told(served(5, { correct: true, message: 'Rate limit exceeded, slow down', sizeBytes: 150 }))
    for (const role of Object.values(fine.plan.roles)) role.correct = [{ at: '/content/0/type', or: '/structuredContent' }]
    expect(find(retryAfterValid, fine)).toMatchObject({ status: 'fail', evidence: 'inferred' })
  })

  test('what is away behind the server is no limit, though it says in words when to come back', () => {
    const words = (message: string) =>
      find(retryAfterValid, told({ afterMs: 5, evidence: { status: 200, parsed: true, isError: true, message } }))
    expect(words('Circuit breaker is open. Retry in 5 seconds.')).toMatchObject({ notExercised: true })
    expect(words('The database is unavailable, please try again in 5 seconds.')).toMatchObject({ notExercised: true })
    expect(words('Please try again in 5 seconds.').status).toBe('fail')
    expect(words('Database calls are rate limited, retry in 5 seconds.').status).toBe('fail')
  })

  test('shows every kind of flaw among its witnesses', () => {
    const story = aRun()
      .agent('a')
      .calls({ of: 'a', fromMs: 3_000, toMs: 6_000, everyMs: 50, answer: without(refused(), 'retryAfter') })
    story.call({ of: 'a', atMs: 7_000, answer: refused({ rpcId: 9 }) })
    const found = find(retryAfterValid, story)
    expect(found).toMatchObject({
      measured: 61,
      says: "61 of 61 refusals did not say when to come back: 60 without Retry-After, 1 without the call's id",
    })
    expect(witnesses(story, found).some(({ evidence }) => evidence.rpcId === 9)).toBe(true)
  })

  test('has nothing to look at when nobody was refused: unknown where the scenario rests on it', () => {
    expect(find(retryAfterValid, told(served()))).toMatchObject({ notExercised: true })
    expect(verdictOf(told(served()).check('retry-after-valid', {}, { essential: true }), 'retry-after-valid').status).toBe('unknown')
  })

  test('is not judged where answers are not seen', () => {
    expect(verdictOf(told(refused()).hides('responses', 'url'), 'retry-after-valid').status).toBe('not-judged')
  })
})
