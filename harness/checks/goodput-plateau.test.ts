import { describe, expect, test } from 'vitest'
import { refused, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { goodputPlateau } from './goodput-plateau.ts'

/** 20 calls a second in the steady phase, 60 under stress; of those one in `oneIn` is answered in time, the others as said. */
function stressed({ oneIn = 3, others = unavailable() } = {}) {
  const story = aRun().agent('a').agent('b')
  story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 50, answer: served() })
  for (let n = 0; n < 60 * 8; n++)
    story.call({ of: 'b', atMs: 10_000 + Math.floor((n * 1_000) / 60), answer: n % oneIn === 0 ? served() : others })
  return story
}

describe('goodput-plateau', () => {
  test('holds when three times as much is asked for and as much as before is answered well', () => {
    const found = find(goodputPlateau, stressed())
    expect(found).toMatchObject({ status: 'pass', unit: 'of the best step', limit: 0.8 })
    expect(found.measured).toBeCloseTo(1, 1)
    expect(found.says).toMatch(/the best step had 20 calls a second; asked for 3 times that \(stress\), it kept 100 % of it/)
  })

  test('fails when the answers come too late, and names calls', () => {
    const story = stressed({ oneIn: 6, others: served(4_000) })
    const found = find(goodputPlateau, story)
    expect(found).toMatchObject({ status: 'fail', limit: 0.8 })
    expect(found.measured).toBeCloseTo(0.5, 1)
    expect(witnesses(story, found)).toHaveLength(20)
    expect(witnesses(story, found).every(({ good, phase }) => !good && phase === 'stress')).toBe(true)
  })

  test('cannot tell where budgets refused the rest: the burst that the best step had is spent; calls at once are no such budget', () => {
    const found = find(goodputPlateau, stressed({ oneIn: 6, others: refused() }))
    expect(found).toMatchObject({ status: 'unknown', says: expect.stringMatching(/but budgets refused what is missing: agent \(\d+\)$/) })
    const atOnce = refused({ data: { code: 'CONCURRENCY_LIMITED', retryAfterMs: 1_600 } })
    expect(find(goodputPlateau, stressed({ oneIn: 6, others: atOnce })).status).toBe('fail')
  })

  test('cannot tell while a fault is on that may have taken the capacity', () => {
    const story = stressed({ oneIn: 6, others: served(4_000) }).fault('postgres-latency')
    expect(find(goodputPlateau, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('postgres-latency was on') })
    expect(find(goodputPlateau, stressed().fault('postgres-latency')).status).toBe('pass')
  })

  test('cannot tell where it keeps as much as the cores that other programs left to it', () => {
    const shared = (othersShare: number, oneIn: number) => {
      const story = stressed({ oneIn, others: served(4_000) })
      for (let atMs = 10_000; atMs < 18_000; atMs += 500)
        story.samples.push({
          kind: 'sample',
          atMs: T0_MS + atMs,
          sampler: 'process',
          instance: 'others',
          values: { cpuShare: othersShare },
        })
      return find(goodputPlateau, story)
    }
    // Half of its best step is left to it, by half of the two cores.
    expect(shared(1, 6)).toMatchObject({ status: 'unknown', says: expect.stringContaining('other programs had 50 % of the cores') })
    expect(shared(0.1, 6).status).toBe('fail')
    expect(shared(1, 20).status).toBe('fail')
  })

  test('a runaway that its budget refuses hides nobody who got no answer', () => {
    const story = stressed({ oneIn: 6, others: served(4_000) }).agent('r', { hostile: true })
    story.calls({ of: 'r', fromMs: 10_000, toMs: 18_000, everyMs: 10, answer: refused() })
    expect(find(goodputPlateau, story)).toMatchObject({ status: 'fail', limit: 0.8 })
  })

  test('cannot tell when seconds differ so much that the interval lies across the limit', () => {
    const story = aRun().agent('a').agent('b')
    story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 50, answer: served() })
    for (let second = 10; second < 18; second++)
      for (let n = 0; n < 60; n++)
        story.call({ of: 'b', atMs: second * 1_000 + n * 16, answer: n < (second % 4 < 2 ? 26 : 6) ? served() : unavailable() })
    expect(find(goodputPlateau, story)).toMatchObject({ status: 'unknown', limit: 0.8 })
  })

  test('cannot tell when everything that was asked for was answered, or nothing', () => {
    expect(find(goodputPlateau, stressed({ oneIn: 1 }))).toMatchObject({ status: 'unknown', samples: 640 })
    expect(find(goodputPlateau, aRun().agent('a')).says).toMatch(/nothing was good/)
  })

  test('cannot tell when calls were turned away before the stress: the machine, or the plan, is at fault', () => {
    const late = () => stressed({ oneIn: 6, others: served(4_000) })
    expect(verdictOf(late(), 'goodput-plateau').status).toBe('fail')
    const turnedAway = late().call({ of: 'a', atMs: 5_010, answer: toolError('OVERLOADED', 5) })
    expect(verdictOf(turnedAway, 'goodput-plateau')).toMatchObject({
      status: 'unknown',
      because: expect.stringContaining('it would have failed'),
    })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(stressed().hides('responses', 'x'), 'goodput-plateau')).toMatchObject({ status: 'not-judged', addLine: 'x' })
  })
})
