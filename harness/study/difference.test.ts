import { describe, expect, test } from 'vitest'
import { gaveUp, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { comparison } from './comparison.ts'
import { differencesOf, ofWholeRun, overall, type Pair } from './difference.ts'
import { studyHtml, studyText } from './page.ts'
import { secondsOf } from './windows.ts'

/** Two roles, a call of each agent every 100 ms, with times that differ a little from call to call. */
function run({ slower = 1, lost = 0, shift = 0 } = {}) {
  const story = aRun()
  for (const [n, of] of ['steady-01', 'steady-02'].entries()) {
    story.agent(of)
    for (let atMs = 100; atMs < 26_500; atMs += 100) {
      const wobbleMs = ((atMs / 100 + shift) % 7) - 3
      const isLost = lost > 0 && (atMs / 100) % lost === 0
      const role = n === 0 ? ('cheapRead' as const) : ('expensiveRead' as const)
      story.call({ of, atMs, role, answer: isLost ? gaveUp(6_000) : served(((n + 1) * 40 + wobbleMs) * slower) })
    }
  }
  return secondsOf(story.history())
}

const pairsOf = (after: Parameters<typeof run>[0], count = 5): Pair[] =>
  Array.from({ length: count }, (_, n) => ({ before: run({ shift: n }), after: run({ shift: n + 3, ...after }) }))

describe('the answer', () => {
  test('equal runs: no difference shown', () => {
    expect(overall(ofWholeRun(pairsOf({}), 1))).toBe('no difference shown')
  })

  test('a fifth slower is worse, a fifth faster better', () => {
    expect(overall(ofWholeRun(pairsOf({ slower: 1.2 }), 1))).toBe('worse')
    expect(overall(ofWholeRun(pairsOf({ slower: 1 / 1.2 }), 1))).toBe('better')
  })

  test('one pair shows twice as slow; a fifth may be what differs from run to run alone, and three pairs do not show it either', () => {
    expect(overall(ofWholeRun(pairsOf({ slower: 2 }, 1), 1))).toBe('worse')
    for (const count of [1, 3]) expect(overall(ofWholeRun(pairsOf({ slower: 1.2 }, count), 1))).toBe('cannot tell')
  })

  test('every tenth answer lost is worse, though the others are as quick', () => {
    const differences = differencesOf(pairsOf({ lost: 10 }), 1)
    expect(overall(differences)).toBe('worse')
    expect(differences[0]).toMatchObject({ phase: 'whole run', figure: 'good answers', answer: 'worse' })
  })

  test('too few calls: cannot tell', () => {
    const few = [{ before: run().slice(0, 1), after: run().slice(0, 1) }]
    expect(overall(ofWholeRun(few, 1))).toBe('cannot tell')
    expect(overall(ofWholeRun([], 1))).toBe('cannot tell')
  })

  test('pairs that disagree among themselves widen the interval', () => {
    const disagreeing = [1.6, 0.7, 1.5, 0.8].flatMap((slower) => pairsOf({ slower }, 1))
    expect(overall(ofWholeRun(disagreeing, 1))).toBe('cannot tell')
  })
})

describe('what is told', () => {
  const told = (slower: number, flaw?: string) =>
    comparison(
      pairsOf({ slower }).flatMap(({ before, after }, n) => [
        { folder: `reports/a-${n}`, label: 'was', seconds: before, ...(flaw !== undefined && { flaw }) },
        { folder: `reports/b-${n}`, label: 'is', seconds: after },
      ]),
      1,
      'npm run compare a b',
    )

  test('a run that proves nothing makes all of it unknown', () => {
    expect(told(1.2, 'the load was not offered')).toMatchObject({ answer: 'cannot tell', study: { tone: 'unknown' } })
  })

  test('the page and the terminal say the same', async () => {
    const { answer, study } = told(1.2)
    expect(answer).toBe('worse')
    expect(studyText(study)).toContain('worse: typical time')
    const page = await studyHtml(study)
    expect(page).toContain('<h1>worse: typical time')
    expect(page.match(/data-is="mark"/g)?.length).toBeGreaterThan(4)
    expect(page).not.toContain('<script')
  })
})
