import { describe, expect, test } from 'vitest'
import { refused, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { baselineSteady } from './baseline-steady.ts'

const first = { of: 'a', fromMs: 2_000, toMs: 6_000 }
const second = { of: 'a', fromMs: 6_000, toMs: 9_900 }

describe('baseline-steady', () => {
  test('holds when both halves agree', () => {
    const story = aRun()
      .agent('a')
      .calls({ ...first, toMs: 9_900, everyMs: 100, answer: served() })
    expect(find(baselineSteady, story)).toMatchObject({ status: 'pass', measured: 0, samples: 79 })
  })

  test('cannot tell when one half was worse', () => {
    const story = aRun()
      .agent('a')
      .calls({ ...first, everyMs: 100, answer: served() })
      .calls({ ...second, everyMs: 100, answer: served() })
    story.calls({ ...second, everyMs: 1_000, answer: toolError('INTERNAL') })
    expect(find(baselineSteady, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('100 % and 90.7 %') })
  })

  test('cannot tell when p95 moved, with enough samples to say so', () => {
    const story = aRun()
      .agent('a')
      .calls({ ...first, everyMs: 18, answer: served(20) })
      .calls({ ...second, everyMs: 18, answer: served(60) })
    expect(find(baselineSteady, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('p95 of cheapRead moved') })
    const few = aRun()
      .agent('a')
      .calls({ ...first, everyMs: 40, answer: served(20) })
      .calls({ ...second, everyMs: 40, answer: served(60) })
    expect(find(baselineSteady, few).status).toBe('pass')
  })

  test('cannot tell when somebody was refused, unless the scenario says so', () => {
    const story = aRun()
      .agent('a')
      .calls({ ...first, toMs: 9_900, everyMs: 50, answer: served() })
    story.call({ of: 'a', atMs: 4_000, answer: refused() })
    expect(find(baselineSteady, story)).toMatchObject({ status: 'unknown', says: '1 call refused in it' })
    expect(find(baselineSteady, story, { refusals: 'allowed' }).status).toBe('pass')
  })

  test('cannot tell when a role failed evenly: permanent errors do not hide behind ratios', () => {
    const story = aRun()
      .agent('a')
      .calls({ ...first, toMs: 9_900, everyMs: 50, answer: served() })
      .calls({ ...first, toMs: 9_900, everyMs: 400, role: 'write', answer: toolError('INTERNAL') })
    const found = find(baselineSteady, story)
    expect(found).toMatchObject({ status: 'unknown', says: 'only 0 % of write was good; most failed as server-error' })
    expect(witnesses(story, found)).toHaveLength(20)
    expect(witnesses(story, found).every(({ role }) => role === 'write')).toBe(true)
    expect(find(baselineSteady, story, { goodLeast: 0 }).status).toBe('pass')
    const wrong = aRun()
      .agent('a')
      .calls({ ...first, toMs: 9_900, everyMs: 50, answer: served(20, { correct: false }) })
    expect(find(baselineSteady, wrong).says).toBe('only 0 % of cheapRead was good; most failed as wrong')
  })

  test('says nothing of a role with hardly any calls, nor of refusals that the scenario allows', () => {
    const story = aRun()
      .agent('a')
      .calls({ ...first, toMs: 9_900, everyMs: 50, answer: served() })
    story.calls({ ...first, toMs: 9_900, everyMs: 1_000, role: 'write', answer: toolError('INTERNAL') })
    expect(find(baselineSteady, story).status).toBe('pass')
    story.calls({ ...first, toMs: 9_900, everyMs: 400, role: 'external', answer: refused() })
    expect(find(baselineSteady, story, { refusals: 'allowed', goodPoints: 0.2 }).status).toBe('pass')
    expect(find(baselineSteady, story, { goodPoints: 0.2 }).says).toContain('only 0 % of external was good; most failed as refused')
  })

  test('cannot tell from too few calls', () => {
    expect(
      find(
        baselineSteady,
        aRun()
          .agent('a')
          .calls({ ...first, toMs: 9_900, everyMs: 1_000, answer: served() }),
      ).status,
    ).toBe('unknown')
  })

  test('is not judged where answers are not seen', () => {
    const story = aRun().agent('a').hides('responses', 'url')
    expect(verdictOf(story, 'baseline-steady')).toMatchObject({ status: 'not-judged', addLine: 'url' })
  })
})
