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

  describe('bursts more than the budget says', () => {
    const on = 'redis'
    /** At 3 s five calls and so many more, which are let in as well; then one a second. */
    const more = (calls: number) => held(aRun(), 'a', { burst: 5 + calls })
    const later = (story: Story, atMs: number, calls: number) => {
      for (let n = 0; n < calls; n++) story.call({ of: 'a', atMs: atMs + n, answer: served(5) })
      return story
    }
    const statusOf = (story: Story) => find(limiterTrue, story).status

    test('while Redis is away: one, and none before', () => {
      const away = { on, fromMs: 2_500, toMs: 4_000 }
      expect(statusOf(more(5))).toBe('fail')
      expect(statusOf(more(5).fault('redis-frozen', away))).toBe('pass')
      expect(statusOf(more(6).fault('redis-frozen', away))).toBe('fail')
      expect(statusOf(more(5).fault('redis-frozen', { on, fromMs: 10_000, toMs: 18_000 }))).toBe('fail')
    })

    test('one for each time that it went away, in windows that hold them both', () => {
      const twice = () => later(more(5).fault('redis-frozen', { on, fromMs: 2_500, toMs: 4_000 }), 10_500, 5)
      expect(statusOf(twice())).toBe('fail')
      expect(statusOf(twice().fault('redis-latency', { on, fromMs: 10_000, toMs: 12_000 }))).toBe('pass')
      const atOnce = later(more(10), 10_500, 0).fault('redis-frozen', { on, fromMs: 2_500, toMs: 4_000 })
      atOnce.manifest.declared.breakerOpenMs = 1_000
      expect(statusOf(atOnce.fault('redis-latency', { on, fromMs: 10_000, toMs: 12_000 }))).toBe('fail')
    })

    test('until the limiter is back: by its own word, or the open time of its breaker and two probes; for good where nobody knows', () => {
      const back = (change: (story: Story) => void) => {
        const story = later(held(aRun(), 'a'), 14_500, 5).fault('redis-frozen', { on, fromMs: 10_000, toMs: 12_000 })
        change(story)
        return statusOf(story)
      }
      const mode = (untilMs: number) => (story: Story) => {
        for (let atMs = 2_000; atMs < 27_000; atMs += 250)
          story.sample('metrics', atMs, { limiterLocal: atMs > 10_000 && atMs < untilMs ? 1 : 0 })
      }
      expect(back(() => undefined)).toBe('pass')
      expect(back(({ manifest }) => Object.assign(manifest.declared, { breakerOpenMs: 1_000 }))).toBe('pass')
      expect(back(({ manifest }) => Object.assign(manifest.declared, { breakerOpenMs: 100 }))).toBe('fail')
      expect(back(mode(15_000))).toBe('pass')
      expect(back(mode(14_000))).toBe('fail')
    })

    test('once Redis was emptied: one, from that moment on, and no local one, since it was never away', () => {
      const emptied = (atMs: number, calls: number) =>
        later(held(aRun(), 'a'), atMs, calls).fault('redis-flushed', { on, fromMs: 10_000, toMs: 12_000 })
      expect(statusOf(emptied(10_030, 5))).toBe('pass')
      expect(statusOf(emptied(10_030, 6))).toBe('fail')
      expect(statusOf(emptied(9_500, 5))).toBe('fail')
      expect(statusOf(later(emptied(10_030, 5), 20_500, 5))).toBe('fail')
    })

    test('a limiter that is off once Redis was emptied lets everybody in', () => {
      const story = held(aRun(), 'a').fault('redis-flushed', { on, fromMs: 10_000, toMs: 12_000 })
      story.calls({ of: 'a', fromMs: 10_030, toMs: 20_000, everyMs: 100, answer: served(5) })
      const found = find(limiterTrue, story)
      expect(found).toMatchObject({ status: 'fail', says: expect.stringContaining('a was let in') })
      expect(witnesses(story, found)[0]?.sentAtMs).toBeGreaterThan(10_000)
    })

    test('a Redis that comes back empty was both away and emptied', () => {
      const stopped = (calls: number) => later(more(5), 4_050, calls).fault('redis-refused', { on, fromMs: 2_500, toMs: 4_000 })
      expect(statusOf(stopped(5))).toBe('pass')
      expect(statusOf(stopped(6))).toBe('fail')
    })

    test('besides, it may have lost sight of Redis in a moment in which nobody broke it: one burst cannot be told from that', () => {
      const lapsed = (calls: number, localAtMs: number) => {
        const story = later(held(aRun(), 'a'), 19_530, calls).fault('redis-flushed', { on, fromMs: 10_000, toMs: 12_000 })
        story.manifest.offers['link:redis'] = true
        for (let atMs = 2_000; atMs < 27_000; atMs += 250) story.sample('metrics', atMs, { limiterLocal: atMs === localAtMs ? 1 : 0 })
        return find(limiterTrue, story)
      }
      expect(lapsed(5, 19_750)).toMatchObject({ status: 'unknown', says: expect.stringContaining('while Redis is silent') })
      expect(lapsed(11, 19_750).status).toBe('fail')
      expect(lapsed(5, 26_000).status).toBe('fail')
    })
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
