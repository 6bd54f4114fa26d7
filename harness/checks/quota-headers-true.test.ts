import { describe, expect, test } from 'vitest'
import { refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { quotaHeadersTrue } from './quota-headers-true.ts'

const policy = '"agent";q=5;w=10'
const left = (r: number, name = 'agent') => ({ rateLimit: `"${name}";r=${r};t=2`, rateLimitPolicy: policy.replace('agent', name) })

/** Calls a second apart, each with what it was told to have left; -1: refused with nothing left. */
function told(...remaining: number[]): Story {
  const story = aRun().agent('a')
  for (const [n, r] of remaining.entries())
    story.call({ of: 'a', atMs: 3_000 + n * 1_000, answer: r < 0 ? refused(left(0)) : served(20, left(r)) })
  return story
}

describe('quota-headers-true', () => {
  test('holds: falling by the calls, rising by the rate, refused with nothing left', () => {
    expect(find(quotaHeadersTrue, told(4, 3, 3, 2, 2, 1, 1, 0, 0, -1, 0))).toMatchObject({ status: 'pass', samples: 11, measured: 0 })
  })

  test.each<[string, Story, string]>([
    [
      'below nothing',
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_000, answer: served(5, left(-1)) }),
      'below nothing',
    ],
    ['falls by more than the calls', told(5, 2), 'fell by more'],
    ['rises faster than it refills', told(0, 3), 'rose faster'],
    [
      'refused, though there is room',
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_000, answer: refused(left(3)) }),
      'room, on a refusal',
    ],
    [
      'no figure',
      aRun()
        .agent('a')
        .call({ of: 'a', atMs: 3_000, answer: served(5, { rateLimit: '"agent";t=3' }) }),
      'without what remains',
    ],
  ])('fails: %s', (_, story, flaw) => {
    const found = find(quotaHeadersTrue, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining(flaw) })
    expect(witnesses(story, found)).toHaveLength(1)
  })

  test('policies are looked at apart, and so are agents', () => {
    const story = told(4, 3).agent('b')
    story.call({ of: 'a', atMs: 5_000, answer: served(5, left(0, 'tool')) })
    story.call({ of: 'b', atMs: 5_100, answer: served(5, left(5)) })
    story.call({ of: 'a', atMs: 6_000, answer: served(5, left(2)) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass', samples: 5 })
  })

  test('calls that overlap may be told of in any order', () => {
    const story = aRun().agent('a')
    story.call({ of: 'a', atMs: 3_000, answer: served(500, left(1)) })
    story.call({ of: 'a', atMs: 3_100, answer: served(900, left(4)) })
    expect(find(quotaHeadersTrue, story)).toMatchObject({ status: 'pass' })
  })

  test('a refusal of calls at once says nothing of a rate', () => {
    const answer = refused({ ...left(3), data: { code: 'CONCURRENCY_LIMITED', scope: 'concurrency', retryAfterMs: 500 } })
    expect(find(quotaHeadersTrue, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer }))).toMatchObject({ status: 'pass' })
  })

  test('no header, nothing to look at; no answers, not judged', () => {
    expect(find(quotaHeadersTrue, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }))).toMatchObject({ notExercised: true })
    expect(verdictOf(told(4).hides('responses', 'url'), 'quota-headers-true').status).toBe('not-judged')
  })
})
