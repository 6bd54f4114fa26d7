import { describe, expect, test } from 'vitest'
import { type Answer, refused, served, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { retryAfterHonest } from './retry-after-honest.ts'

const told = (retryAfterMs: number, more = {}) =>
  refused({ retryAfter: String(Math.ceil(retryAfterMs / 1_000)), data: { code: 'RATE_LIMITED', retryAfterMs, scope: 'agent', ...more } })
const busy = (retryAfterMs: number) => told(retryAfterMs, { code: 'CONCURRENCY_LIMITED', scope: 'concurrency' })

/** One agent a return: refused at 3 s, it comes back when it was told to. */
function returning(story: Story, agents: number, first: Answer, second: Answer, { earlyMs = 0, from = 1 } = {}): Story {
  const waitMs = Number(first.evidence.data?.retryAfterMs)
  for (let n = from; n < from + agents; n++) {
    const of = `polite-${n}`
    const atMs = 3_000 + n * 37
    story.agent(of).call({ of, atMs, answer: first })
    story.call({ of, atMs: atMs + 1 + first.afterMs + waitMs - earlyMs, lateMs: 0, parent: story.lastCall, answer: second })
  }
  return story
}

describe('retry-after-honest', () => {
  test('holds: everybody who waited was let in', () => {
    const story = returning(aRun(), 60, told(4_000), served())
    expect(find(retryAfterHonest, story)).toMatchObject({ status: 'pass', measured: 1, samples: 60, limit: 0.9 })
  })

  test('fails: refused again on a budget of its own, however soon after', () => {
    const story = returning(aRun(), 60, told(1_000), told(4_000))
    const found = find(retryAfterHonest, story)
    expect(found).toMatchObject({ status: 'fail', measured: 0, says: expect.stringMatching(/was told 1 s, waited, .*then 4 s more/) })
    expect(witnesses(story, found)[0]).toMatchObject({ attempt: 2 })
  })

  test('who is let through by its own budget and then finds the line full was told the truth', () => {
    const full = unavailable({ data: { code: 'QUEUE_FULL', retryAfterMs: 900 } })
    const story = () => returning(aRun(), 60, told(1_000), full)
    expect(find(retryAfterHonest, story())).toMatchObject({ notExercised: true })
    expect(find(retryAfterHonest, returning(story(), 60, told(1_000), told(900), { from: 100 }))).toMatchObject({
      status: 'fail',
      samples: 60,
    })
  })

  test('who came a millisecond early proves nothing', () => {
    const story = returning(aRun(), 60, told(1_000), told(4_000), { earlyMs: 1 })
    expect(find(retryAfterHonest, story)).toMatchObject({ notExercised: true })
  })

  test('a share within the limit is no fail; one that could be either is unknown', () => {
    const mixed = (bad: number) =>
      returning(returning(aRun(), 200 - bad, told(2_000), served()), bad, told(2_000), told(900), { from: 300 })
    expect(find(retryAfterHonest, mixed(4))).toMatchObject({ status: 'pass', measured: 0.98 })
    expect(find(retryAfterHonest, mixed(18))).toMatchObject({ status: 'unknown' })
    expect(find(retryAfterHonest, mixed(60))).toMatchObject({ status: 'fail' })
  })

  test('too few are unknown, unless they all were turned away', () => {
    expect(find(retryAfterHonest, returning(aRun(), 10, told(2_000), served()))).toMatchObject({ status: 'unknown', samples: 10 })
    expect(find(retryAfterHonest, returning(aRun(), 10, told(2_000), told(2_000)))).toMatchObject({ status: 'fail' })
    expect(find(retryAfterHonest, returning(aRun(), 1, told(2_000), told(2_000)))).toMatchObject({ status: 'unknown', samples: 1 })
  })

  describe('a loop that never waits, and is let in every two seconds', () => {
    const looped = (waitMs: (leftMs: number) => number, story = aRun()) => {
      story.agent('loop')
      for (let n = 0; n < 41; n++) {
        const leftMs = 2_000 - (n % 8) * 250
        story.call({ of: 'loop', atMs: 3_000 + n * 250, lateMs: 0, answer: n % 8 === 0 ? served() : told(waitMs(leftMs)) })
      }
      return story
    }
    const minute = (story = aRun()) => looped(() => 60_000, story)

    test('fails: it was told to wait for a minute', () => {
      const story = minute()
      const found = find(retryAfterHonest, story)
      expect(found).toMatchObject({ status: 'fail', measured: 0, samples: 35 })
      expect(found.says).toMatch(/^35 of 35 refusals told a wait that was far too long; loop was told 60 s, did not wait, and was let in/)
      expect(witnesses(story, found).slice(0, 2)).toMatchObject([{ class: 'served' }, { class: 'refused' }])
      const obeyed = find(retryAfterHonest, minute(returning(aRun(), 60, told(4_000), served())))
      expect(obeyed).toMatchObject({ status: 'fail', says: expect.stringMatching(/^100 % of 60 returns .*, but 35 of 35 refusals/) })
    })

    test('holds: told the truth, or whole seconds, or twice of it', () => {
      for (const waitMs of [(leftMs: number) => leftMs, (leftMs: number) => leftMs + 990, (leftMs: number) => 2 * leftMs])
        expect(find(retryAfterHonest, looped(waitMs, returning(aRun(), 60, told(4_000), served()))).status).toBe('pass')
    })

    test('proves as much as it lived to see: refused to the end within five seconds, a minute may be true, six seconds are', () => {
      const story = (waitMs: number) => {
        const loop = minute(
          aRun()
            .agent('polite')
            .calls({ of: 'polite', fromMs: 3_000, toMs: 3_200, everyMs: 100, answer: told(60_000) }),
        )
        loop.calls({ of: 'polite', fromMs: 20_000, toMs: 20_100, everyMs: 100, answer: served() }).agent('short')
        return loop.calls({ of: 'short', fromMs: 3_000, toMs: 8_000, everyMs: 10, answer: told(waitMs) })
      }
      expect(find(retryAfterHonest, story(60_000))).toMatchObject({ status: 'fail', samples: 37 })
      expect(find(retryAfterHonest, story(6_000))).toMatchObject({ notExercised: true })
    })

    test('proves nothing of calls that may cost something else, of instances that may count apart, of a Redis that forgot', () => {
      const [costs, apart] = [minute(), minute()]
      const planned = costs.plan.agents.flatMap(({ tasks }) => tasks.flatMap(({ calls }) => calls))
      for (const [n, call] of planned.entries()) call.arguments = { rows: n % 8 }
      apart.manifest.declared.instances = 2
      for (const story of [costs, apart, minute(aRun().fault('redis-flushed', { on: 'redis', fromMs: 2_500 }))])
        expect(find(retryAfterHonest, story)).toMatchObject({ notExercised: true })
    })
  })

  test('where several wait, twice the wait is in time', () => {
    const late = (thirdAfterMs: number) => {
      const story = aRun()
      for (let n = 1; n <= 60; n++) {
        const of = `polite-${n}`
        const atMs = 3_000 + n * 31
        story.agent(of).call({ of, atMs, lateMs: 0, answer: busy(1_000) })
        story.call({ of, atMs: atMs + 1_005, lateMs: 0, parent: story.lastCall, answer: busy(400) })
        story.call({ of, atMs: atMs + thirdAfterMs, lateMs: 0, parent: story.lastCall, answer: served() })
      }
      return story
    }
    expect(find(retryAfterHonest, late(1_500))).toMatchObject({ status: 'pass' })
    expect(find(retryAfterHonest, late(2_500))).toMatchObject({ status: 'fail' })
  })

  test('an open breaker promises nothing: neither its waits nor who runs into it are looked at', () => {
    for (const [first, second] of [
      [unavailable(), unavailable()],
      [told(1_000), unavailable()],
    ] as const)
      expect(find(retryAfterHonest, returning(aRun(), 60, first, second))).toMatchObject({ notExercised: true })
  })

  test('an agent whose other calls took the place is no single waiter', () => {
    const story = aRun()
    for (let n = 1; n <= 40; n++) {
      const of = `polite-${n}`
      story.agent(of).call({ of, atMs: 3_000, lateMs: 0, answer: told(1_000) })
      const parent = story.lastCall
      story.call({ of, atMs: 3_900, lateMs: 0, answer: served() })
      story.call({ of, atMs: 4_005, lateMs: 0, parent, answer: told(900) })
    }
    expect(find(retryAfterHonest, story)).toMatchObject({ notExercised: true })
  })

  test('nor are five calls of one agent that wait for one budget, each told when the next is let in: nobody can tell', () => {
    const story = aRun()
    for (let n = 1; n <= 20; n++) {
      const of = `polite-${n}`
      story.agent(of)
      const parents = Array.from({ length: 5 }, () => story.call({ of, atMs: 3_000, lateMs: 0, answer: told(1_000) }).lastCall)
      for (const [k, parent] of parents.entries())
        story.call({ of, atMs: 4_005, lateMs: 0, parent, answer: k === 0 ? served() : told(1_000) })
      for (const [k, { call }] of story.sends.slice(-4).entries())
        story.call({ of, atMs: 8_000 + k * 1_000, lateMs: 0, parent: call, answer: served() })
    }
    expect(find(retryAfterHonest, story)).toMatchObject({ notExercised: true })
  })

  test('a herd: all come back in one second', () => {
    const story = aRun()
    for (let n = 1; n <= 200; n++) {
      const of = `polite-${n}`
      const waitMs = n <= 120 ? 6_000 - n * 20 : 1_000
      const atMs = n <= 120 ? 3_000 + n * 20 : 3_000 + n * 80
      story.agent(of).call({ of, atMs, lateMs: 0, answer: busy(waitMs) })
      story.call({ of, atMs: atMs + 5 + waitMs, lateMs: 0, parent: story.lastCall, answer: served() })
    }
    expect(find(retryAfterHonest, story)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('in second 9') })
  })

  test('no herd: as spread as they were refused, though one comes back long after; a herd that is all there is', () => {
    const waiting = (waitMs: (n: number) => number) => {
      const story = aRun()
      for (let n = 0; n < 200; n++) {
        const of = `polite-${n}`
        story.agent(of).call({ of, atMs: 10_000 + n * 20, lateMs: 0, answer: busy(waitMs(n)) })
        story.call({ of, atMs: 10_005 + n * 20 + waitMs(n), lateMs: 0, parent: story.lastCall, answer: served() })
      }
      return story
    }
    const spread = waiting(() => 1_000)
    spread.agent('late').call({ of: 'late', atMs: 25_000, lateMs: 0, answer: busy(500) })
    spread.call({ of: 'late', atMs: 25_600, lateMs: 0, parent: spread.lastCall, answer: served() })
    expect(find(retryAfterHonest, spread)).toMatchObject({ status: 'pass', samples: 201 })
    expect(
      find(
        retryAfterHonest,
        waiting((n) => 6_000 - n * 20),
      ),
    ).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('nobody came back: unknown where the scenario rests on it', () => {
    const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: refused() })
    expect(find(retryAfterHonest, story)).toMatchObject({ notExercised: true })
    expect(verdictOf(story.check('retry-after-honest', {}, { essential: true }), 'retry-after-honest').status).toBe('unknown')
  })

  test('is not judged where answers are not seen', () => {
    expect(verdictOf(returning(aRun(), 60, told(2_000), served()).hides('responses', 'url'), 'retry-after-honest').status).toBe(
      'not-judged',
    )
  })
})
