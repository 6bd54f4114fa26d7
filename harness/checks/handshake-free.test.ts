import { describe, expect, test } from 'vitest'
import { refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { handshakeFree } from './handshake-free.ts'

const data = (scope: string) => ({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 1_600, scope })

describe('handshake-free', () => {
  test('holds while calls are refused and handshakes are not', () => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 3_000, role: 'handshake', answer: served() })
      .call({ of: 'a', atMs: 3_100, answer: refused() })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'pass', measured: 0, samples: 1 })
  })

  test('fails when one is refused for the agent’s budget', () => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 3_000, answer: served() })
      .call({ of: 'a', atMs: 3_100, role: 'handshake', answer: refused() })
    expect(find(handshakeFree, story)).toMatchObject({
      status: 'fail',
      measured: 1,
      witnesses: [1],
      says: expect.stringContaining('budget of the agent'),
      remedy: { do: expect.stringContaining('agent (1)') },
    })
    // The rate of discovery was not asked: to set it would change nothing.
    expect(verdictOf(story, 'handshake-free').advice).toBeUndefined()
  })

  test('a budget without a name is that of the calls where those were refused with it; else nobody knows', () => {
    const { scope: _, ...unnamed } = data('')
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 3_100, role: 'handshake', answer: refused({ data: unnamed }) })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'unknown', witnesses: [0] })
    story.call({ of: 'a', atMs: 3_900, answer: refused({ data: unnamed }) })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'fail', evidence: 'inferred', witnesses: [0] })
  })

  test('a budget of a name that we do not know is one of the calls where it refused those too; else nobody knows', () => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 3_100, role: 'handshake', answer: refused({ data: data('session-init') }) })
      .call({ of: 'a', atMs: 3_200, answer: refused() })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'unknown', witnesses: [0], says: expect.stringContaining('session-init') })
    story.call({ of: 'a', atMs: 9_000, answer: refused({ data: data('session-init') }) })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'fail', evidence: 'direct', witnesses: [0] })
  })

  test('a limit of sessions is none of calls, whatever its code; a policy by another name than that of the calls need be none either', () => {
    const full = { code: 'CONCURRENCY_LIMITED', retryAfterMs: 1_600 }
    const greeting = (more: Parameters<typeof refused>[0]) =>
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_100, role: 'handshake', answer: refused(more) })
    expect(find(handshakeFree, greeting({ data: full, message: 'Too many concurrent sessions' }))).toMatchObject({ status: 'unknown' })
    const busy = { data: full, message: 'Too many concurrent calls' }
    expect(find(handshakeFree, greeting(busy).call({ of: 'a', atMs: 3_200, answer: refused(busy) }))).toMatchObject({ status: 'fail' })
    const told = (policy: string) => ({ data: {}, rateLimit: `"${policy}";r=0;t=9` })
    const two = (policy: string) =>
      find(handshakeFree, greeting(told('20-in-1min')).call({ of: 'a', atMs: 3_200, answer: refused(told(policy)) }))
    expect(two('60-in-1min')).toMatchObject({ status: 'unknown', witnesses: [0] })
    expect(two('20-in-1min')).toMatchObject({ status: 'fail', evidence: 'inferred' })
  })

  test.each(['discovery', 'address'])('a budget of its own may refuse one of three; where it refuses more, nobody knows: %s', (scope) => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 3_100, role: 'handshake', answer: refused({ data: data(scope) }) })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'unknown', witnesses: [0], says: expect.stringContaining(`${scope} (1)`) })
    story.calls({ of: 'a', fromMs: 4_000, toMs: 4_200, everyMs: 100, role: 'handshake', answer: served() })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'pass', samples: 3 })
  })

  test('of a fleet that starts, one that hammers is refused rightly: each agent counts the same', () => {
    const fleet = (hammering: number) => {
      const story = aRun()
      for (const [n, of] of ['a', 'b', 'c', 'd', 'e'].entries()) {
        const answer = n < hammering ? refused({ data: data('discovery') }) : served()
        story.agent(of).call({ of, atMs: 3_000, role: 'handshake', answer: served() })
        story.calls({ of, fromMs: 3_100, toMs: n < hammering ? 6_000 : 3_200, everyMs: 100, role: 'handshake', answer })
      }
      return find(handshakeFree, story)
    }
    expect(fleet(1)).toMatchObject({ status: 'pass', samples: 38 })
    expect(fleet(2)).toMatchObject({ status: 'unknown', says: expect.stringContaining('agents had 38.7 % of their handshakes refused') })
  })

  test('calls at once may be counted of everything: it is a budget of calls where it refuses them too', () => {
    const busy = () => refused({ data: { retryAfterMs: 900 }, message: '50 requests in flight, no more are let in' })
    const story = aRun().agent('a').call({ of: 'a', atMs: 3_100, role: 'handshake', answer: busy() })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('concurrency') })
    expect(find(handshakeFree, story.call({ of: 'a', atMs: 9_000, answer: busy() })).status).toBe('fail')
  })

  test('without a handshake it has no weight, and is unknown where it is essential', () => {
    const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() })
    expect(find(handshakeFree, story)).toMatchObject({ status: 'pass', notExercised: true })
    expect(verdictOf(story.check('handshake-free', {}, { essential: true }), 'handshake-free').status).toBe('unknown')
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(aRun().hides('responses', 'x'), 'handshake-free').status).toBe('not-judged')
  })
})
