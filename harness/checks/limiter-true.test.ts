import { describe, expect, test } from 'vitest'
import { type Answer, refused, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { limiterTrue } from './limiter-true.ts'

/** 60 a minute, 5 at once: five calls in one moment, then one a second. */
function held(story: Story, of: string, { burst = 5, everyMs = 1_000 } = {}): Story {
  story.manifest.declared.perAgent = { ratePerMinute: 60, burst: 5 }
  story.agent(of)
  for (let n = 0; n < burst; n++) story.call({ of, atMs: 3_000 + n, answer: served(5) })
  return story.calls({ of, fromMs: 4_010, toMs: 20_000, everyMs, answer: served(5) })
}

describe('limiter-true', () => {
  test('holds: a bucket emptied at once and then used as it refills', () => {
    expect(find(limiterTrue, held(aRun(), 'a'))).toMatchObject({ status: 'pass', limit: 1, samples: 21 })
  })

  test('fails: one more at once than the burst, named with its call', () => {
    const story = held(aRun(), 'a', { burst: 6 })
    const found = find(limiterTrue, story)
    expect(found).toMatchObject({ status: 'fail', says: expect.stringContaining('allows 5') })
    expect(witnesses(story, found)[0]).toMatchObject({ sentAtMs: 3_006 })
  })

  test('fails: faster than the rate, seen only over a long window', () => {
    expect(find(limiterTrue, held(aRun(), 'a', { everyMs: 900 }))).toMatchObject({ status: 'fail' })
  })

  test('fails: both sides of an edge full, each within the limit of its minute', () => {
    const story = aRun().agent('a')
    story.manifest.declared.perAgent = { ratePerMinute: 10, burst: 10 }
    for (const edge of [11_500, 12_000]) story.calls({ of: 'a', fromMs: edge, toMs: edge + 300, everyMs: 30, answer: served(4) })
    expect(find(limiterTrue, story)).toMatchObject({ status: 'fail' })
  })

  test('each agent has its own; refusals, failures of dependencies, calls shed at the door, stored answers and those of a proxy use nothing', () => {
    const story = held(held(aRun(), 'a'), 'b')
    const badGateway = { afterMs: 3, evidence: { status: 502, contentType: 'text/html', parsed: false } }
    const toldByTools = ['OVERLOADED', 'QUEUE_FULL', 'DEPENDENCY_UNAVAILABLE'].map((code) => toolError(code, 5))
    for (const answer of [refused(), unavailable(), ...toldByTools, served(5, { replayed: true }), badGateway])
      story.calls({ of: 'a', fromMs: 5_000, toMs: 6_000, everyMs: 50, answer })
    expect(find(limiterTrue, story)).toMatchObject({ status: 'pass' })
    story.calls({ of: 'a', fromMs: 7_000, toMs: 8_000, everyMs: 50, answer: toolError('TOOL_TIMEOUT', 20) })
    expect(find(limiterTrue, story)).toMatchObject({ status: 'fail' })
  })

  test('calls that reach out of the window prove nothing', () => {
    const story = aRun().agent('a')
    story.manifest.declared.perAgent = { ratePerMinute: 60, burst: 1 }
    for (let n = 0; n < 4; n++) story.call({ of: 'a', atMs: 3_000 + n, answer: served(1_000 * (n + 1)) })
    expect(find(limiterTrue, story)).toMatchObject({ status: 'pass' })
  })

  test('an expensive tool has a budget of its own, where it is declared', () => {
    const story = held(aRun(), 'a')
    for (let n = 0; n < 4; n++) story.call({ of: 'a', role: 'expensiveRead', atMs: 24_000 + n, answer: served(5) })
    expect(find(limiterTrue, story)).toMatchObject({ status: 'pass' })
    story.manifest.declared.perAgentTool = { expensiveRead: { ratePerMinute: 60, burst: 3 } }
    expect(find(limiterTrue, story)).toMatchObject({ status: 'fail', says: expect.stringContaining('a on run_query') })
  })

  test('while Redis is away, one local burst more', () => {
    const twice = () => held(aRun(), 'a', { burst: 10 })
    expect(find(limiterTrue, twice())).toMatchObject({ status: 'fail' })
    expect(find(limiterTrue, twice().fault('redis-refused', { on: 'redis' }))).toMatchObject({ status: 'pass' })
  })

  test('one local burst more for each time that Redis went away', () => {
    const story = held(aRun(), 'a', { burst: 15 }).fault('redis-refused', { on: 'redis', fromMs: 2_500, toMs: 4_000 })
    expect(find(limiterTrue, story)).toMatchObject({ status: 'fail' })
    expect(find(limiterTrue, story.fault('redis-flushed', { on: 'redis', fromMs: 6_000, toMs: 7_000 }))).toMatchObject({ status: 'pass' })
  })

  test('a limiter that cannot ask its store may answer 500: nobody knows whether those came in, unless the others are too many', () => {
    const failing: Answer = { afterMs: 4, evidence: { status: 500, contentType: 'text/html', parsed: false } }
    const story = held(aRun(), 'a').calls({ of: 'a', fromMs: 5_000, toMs: 9_000, everyMs: 50, answer: failing })
    const found = find(limiterTrue, story)
    expect(found).toMatchObject({ status: 'unknown', says: expect.stringContaining("80 of them were errors of the server's own") })
    expect(witnesses(story, found)[0]).toMatchObject({ class: 'server-error' })
    expect(find(limiterTrue, story.call({ of: 'a', atMs: 3_100, answer: served() }))).toMatchObject({ status: 'fail' })
    const alone = aRun().agent('a').calls({ of: 'a', fromMs: 5_000, toMs: 9_000, everyMs: 50, answer: failing })
    expect(find(limiterTrue, alone).status).toBe('unknown')
  })

  describe('once Redis is back', () => {
    /** Away from 10 s to 18.1 s; the limiter's own word, every quarter of a second. */
    const until = (backAtMs: number, lastCallMs = 28_000) => {
      const story = held(aRun(), 'a').fault('redis-frozen', { on: 'redis' })
      story.manifest.declared.breakerOpenMs = 2_000
      story.calls({ of: 'a', fromMs: 20_000, toMs: lastCallMs, everyMs: 100, answer: refused() })
      for (let atMs = 2_000; atMs < 28_000; atMs += 250)
        story.sample('metrics', atMs, { limiterLocal: atMs > 10_000 && atMs < backAtMs ? 1 : 0 })
      return story
    }

    test('holds where it counts there again', () => {
      expect(find(limiterTrue, until(20_000))).toMatchObject({ status: 'pass' })
    })

    test('fails where it goes on counting by itself: what it lets in, no other instance sees', () => {
      const story = until(30_000)
      const found = find(limiterTrue, story)
      expect(found).toMatchObject({
        status: 'fail',
        measured: 9_650,
        limit: 4_000,
        says: expect.stringContaining('9.7 s after Redis was back'),
      })
      expect(witnesses(story, found)[0]?.sentAtMs).toBeGreaterThan(22_100)
    })

    test('cannot be told where nobody called it since, or the open time of its breaker is not known', () => {
      const undeclared = until(30_000)
      delete undeclared.manifest.declared.breakerOpenMs
      expect(find(limiterTrue, undeclared).status).toBe('pass')
      expect(find(limiterTrue, until(30_000, 23_000)).status).toBe('pass')
    })
  })

  test('a limiter in Redis may have lost sight of it: one burst more cannot be told from that, two can', () => {
    const over = (burst: number) => {
      const story = held(aRun(), 'a', { burst })
      story.manifest.offers['link:redis'] = true
      return find(limiterTrue, story)
    }
    expect(over(9)).toMatchObject({ status: 'unknown', says: expect.stringContaining('while Redis is silent') })
    expect(over(12)).toMatchObject({ status: 'fail' })
  })

  test('many more at once than declared, of which none was refused for it, may wait for each other inside, or be counted by nobody', () => {
    const crowd = (calls: number, of = 'a') => {
      const story = aRun().agent('a').agent('b')
      story.manifest.declared = { perAgent: { ratePerMinute: 60, burst: 20 }, concurrentCalls: 4 }
      for (let n = 0; n < calls; n++) story.call({ of: n % 2 === 0 ? 'a' : of, atMs: 3_000 + n, answer: served(300) })
      return story
    }
    expect(find(limiterTrue, crowd(9))).toMatchObject({
      status: 'unknown',
      measured: 9,
      limit: 4,
      says: expect.stringContaining('at once'),
    })
    expect(find(limiterTrue, crowd(8)).status).toBe('pass')
    expect(find(limiterTrue, crowd(16, 'b')).status).toBe('pass')
    const tooMany = refused({ data: { code: 'CONCURRENCY_LIMITED', retryAfterMs: 500 } })
    expect(find(limiterTrue, crowd(9).call({ of: 'a', atMs: 3_010, answer: tooMany })).status).toBe('pass')
  })

  test('nobody was let in: nothing to look at; nothing declared: not judged', () => {
    expect(find(limiterTrue, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: refused() }))).toMatchObject({ notExercised: true })
    expect(verdictOf(held(aRun(), 'a').hides('declared.perAgent', 'declared: …'), 'limiter-true').status).toBe('not-judged')
  })
})
