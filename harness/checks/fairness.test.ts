import { describe, expect, test } from 'vitest'
import { gaveUp, refused, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { fairHardened } from '../../tests/fixtures/histories/hardened.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { fairness } from './fairness.ts'

/** Eight steady agents; under stress every `nth` of their calls is starved. The runaway keeps to its budget. */
function starved(nth: number) {
  const story = aRun()
  for (let i = 0; i < 8; i++) {
    const of = `steady-0${i}`
    story.agent(of).calls({ of, fromMs: 2_000 + i * 20, toMs: 10_000, everyMs: 250, answer: served() })
    for (let k = 0; k < 30; k++) story.call({ of, atMs: 10_000 + i * 20 + k * 220, answer: (k + i) % nth === 0 ? gaveUp() : served() })
  }
  return story
    .agent('runaway-01', { hostile: true })
    .calls({ of: 'runaway-01', fromMs: 10_000, toMs: 12_000, everyMs: 100, answer: served() })
}

describe('fairness', () => {
  test('holds when the others do not notice', () => {
    expect(find(fairness, fairHardened())).toMatchObject({ status: 'pass', measured: 1, interval: [1, 1], limit: 0.95 })
  })

  test('fails when they starve, with the most starved agent’s calls first', () => {
    const story = starved(3)
    const found = find(fairness, story)
    expect(found.status).toBe('fail')
    expect(found.interval?.[1]).toBeLessThan(0.95)
    const named = witnesses(story, found)
    expect(named.length).toBeGreaterThan(0)
    expect(named.every(({ hostile, good, phase }) => !hostile && !good && phase === 'stress')).toBe(true)
    // No budget refused the runaway: its rate is not what failed.
    expect(found.advice).toBeUndefined()
    expect(found.remedy?.do).toContain('No call of the runaway was refused by a budget')
  })

  test('who needed what a fault had broken may have starved of that; who did not, or once it is over, starved of the runaway', () => {
    const broken = find(fairness, starved(3).fault('postgres-refused'))
    expect(broken).toMatchObject({ status: 'unknown', says: expect.stringContaining('postgres-refused was on') })
    expect(broken.remedy).toBeUndefined()
    expect(find(fairness, starved(3).fault('upstream-hang', { on: 'upstream' })).status).toBe('fail')
    expect(find(fairness, starved(3).fault('redis-frozen', { on: 'redis' })).status).toBe('fail')
    expect(find(fairness, starved(3).fault('postgres-sessions-killed', { fromMs: 10_000, toMs: 10_100 })).status).toBe('fail')
  })

  test('a lower rate is advised only where the agent’s own budget refused the runaway', () => {
    const refusing = (scope: string) =>
      starved(3).calls({ of: 'runaway-01', fromMs: 12_000, toMs: 14_000, everyMs: 100, answer: refused({ data: { scope } }) })
    const wide = (scope: string) => {
      const story = refusing(scope)
      story.manifest.declared.perAgent = { ratePerMinute: 9_000, burst: 20 }
      return find(fairness, story).advice
    }
    expect(wide('agent')?.[0]).toMatchObject({ setting: 'AGENT_RATE_PER_MINUTE', present: '9000' })
    expect(wide('address')).toBeUndefined()
  })

  test('agents that came with the stress are none of those who had something before', () => {
    const joined = (fromMs: number) =>
      find(fairness, fairHardened().agent('b').calls({ of: 'b', fromMs, toMs: 18_000, everyMs: 25, answer: refused() }))
    expect(joined(10_000)).toMatchObject({ status: 'pass', measured: 1 })
    expect(joined(9_900).status).toBe('fail')
  })

  test('fails when one agent of thirty starves, which shares a bucket with the runaway: it hides in the share of all', () => {
    const sharing = (nth: number) => {
      const story = aRun().agent('runaway-01', { hostile: true }).call({ of: 'runaway-01', atMs: 10_000, answer: served() })
      for (let i = 0; i < 30; i++) {
        const of = `steady-${i}`
        story.agent(of).calls({ of, fromMs: 2_000 + i * 20, toMs: 10_000, everyMs: 800, answer: served() })
        for (let k = 0; k < 12; k++)
          story.call({ of, atMs: 10_000 + i * 20 + k * 600, answer: i === 7 && k % 4 >= nth ? refused() : served() })
      }
      return { story, found: find(fairness, story) }
    }
    const { story, found } = sharing(1)
    expect(found).toMatchObject({ status: 'fail', limit: 0.5, says: expect.stringContaining('most of all steady-7, with 9 calls') })
    expect(witnesses(story, found)[0]?.agent).toBe('steady-7')
    expect(sharing(3).found.status).toBe('pass')
  })

  test('cannot tell when the interval straddles the limit, and says how much longer it takes', () => {
    expect(find(fairness, starved(20))).toMatchObject({ status: 'unknown', says: expect.stringMatching(/times as long would$/) })
  })

  test('cannot tell from few calls, however good', () => {
    const story = aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 17_900, everyMs: 400, answer: served() })
    story.agent('r', { hostile: true }).call({ of: 'r', atMs: 11_000, answer: served() })
    expect(find(fairness, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('too few') })
  })

  test('fails when the runaway was let in beyond its budget, though nobody starved', () => {
    const story = fairHardened().calls({ of: 'runaway-01', fromMs: 11_000, toMs: 17_900, everyMs: 25, answer: served() })
    const found = find(fairness, story)
    // The figure that decided is the runaway's, not that of the others, who had all they asked for.
    expect(found).toMatchObject({ status: 'fail', says: expect.stringContaining('its budget allows'), unit: 'calls' })
    expect(found.measured).toBeGreaterThan(found.limit as number)
    expect(witnesses(story, found)[0]?.hostile).toBe(true)
    delete story.manifest.declared.perAgent
    expect(find(fairness, story).status).toBe('pass')
  })

  test('while Redis is away, a runaway may have one local burst more, as limiter-true has it', () => {
    const away = (atOnce: number, when = {}) => {
      const story = fairHardened().fault('redis-frozen', { on: 'redis', ...when })
      story.manifest.declared.breakerOpenMs = 2_000
      return find(fairness, story.calls({ of: 'runaway-01', fromMs: 11_000, toMs: 11_000 + atOnce * 10, everyMs: 10, answer: served() }))
    }
    expect(away(25).status).toBe('pass')
    expect(away(60)).toMatchObject({ status: 'fail', unit: 'calls' })
    // Of a time that was over before it began to run away there is nothing left.
    expect(away(25, { fromMs: 2_500, toMs: 4_000 })).toMatchObject({ status: 'fail', unit: 'calls' })
  })

  test('errors that nobody can read, and limits told in prose, are no admissions', () => {
    for (const message of ['it did not work', 'Usage limit exceeded']) {
      const answer = { afterMs: 5, evidence: { status: 200, parsed: true, isError: true, message } }
      const story = fairHardened().calls({ of: 'runaway-01', fromMs: 11_000, toMs: 17_900, everyMs: 25, answer })
      expect(find(fairness, story).status).toBe('pass')
    }
  })

  test('what was wrong in itself, shed at the door or never answered is no admission either', () => {
    for (const answer of [toolError('INVALID_ARGUMENTS'), toolError('OVERLOADED'), gaveUp(50)]) {
      const story = starved(1_000).calls({ of: 'runaway-01', fromMs: 12_000, toMs: 17_000, everyMs: 20, answer })
      expect(find(fairness, story).status, JSON.stringify(answer.evidence)).toBe('pass')
    }
  })

  test('says so when nothing was good before', () => {
    const story = aRun()
      .agent('a')
      .calls({ of: 'a', fromMs: 2_000, toMs: 17_900, everyMs: 50, answer: gaveUp(20) })
    story.agent('r', { hostile: true }).call({ of: 'r', atMs: 11_000, answer: served() })
    expect(find(fairness, story)).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('nothing was good in the steady phase'),
    })
  })

  test('has nothing to look at when nobody runs away', () => {
    expect(find(fairness, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }))).toMatchObject({ notExercised: true })
  })

  test('cannot tell when the runaway never called', () => {
    const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).agent('r', { hostile: true })
    expect(find(fairness, story).status).toBe('unknown')
  })

  test('a runaway that was refused each time was not let in beyond its budget', () => {
    const story = fairHardened().agent('refused-01', { persona: 'runaway-loop', hostile: true })
    story.calls({ of: 'refused-01', fromMs: 10_000, toMs: 17_900, everyMs: 100, answer: refused() })
    expect(find(fairness, story).status).toBe('pass')
  })

  test('is not judged where answers are not seen', () => {
    expect(verdictOf(fairHardened().hides('responses', 'url'), 'fairness').status).toBe('not-judged')
  })
})
