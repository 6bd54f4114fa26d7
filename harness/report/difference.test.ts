import { expect, it } from 'vitest'
import { differencesOf, differenceWords, unlike } from './difference.ts'
import { exampleHistory } from './example/history.ts'
import { everything, hostile } from './example/hostile.ts'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { summaryMarkdown } from './markdown.ts'

const verdict = (check: string, status: 'pass' | 'fail' | 'unknown' | 'not-judged', measured = 8) =>
  exampleVerdict(status, { check, code: check.toUpperCase(), title: `Title of ${check}`, measured, unit: 'rows' })
const before = exampleVerdicts(
  'fail',
  [verdict('a1', 'pass'), verdict('a2', 'fail'), verdict('a3', 'pass'), verdict('a4', 'pass', 5), verdict('a5', 'pass')],
  '',
)
const after = exampleVerdicts(
  'fail',
  [verdict('a1', 'fail', 41), verdict('a2', 'pass'), verdict('a3', 'unknown'), verdict('a4', 'pass', 6), verdict('a6', 'pass')],
  '',
)

it('tells what has come to fail first, then what was mended, and what only one of them has', () => {
  const found = differencesOf(before, after)
  expect(found.map(({ check, kind }) => [check, kind])).toEqual([
    ['a1', 'broken'],
    ['a2', 'mended'],
    ['a3', 'changed'],
    ['a6', 'new'],
    ['a5', 'gone'],
    ['a4', 'same'],
  ])
  expect(differenceWords(found)).toBe(
    '1 newly failed (a1), 1 mended (a2), 1 judged otherwise (a3), 1 not judged before (a6), 1 not judged any more (a5); 1 as before',
  )
  expect(differenceWords(differencesOf(before, before))).toBe('all 5 verdicts as before')
})

it('says what makes two runs unlike', () => {
  expect(unlike(before, { ...after, seed: 9, weaken: 'no-breaker' })).toEqual(['seed 7, now 9', 'weaken none, now no-breaker'])
  expect(unlike(before, after)).toEqual([])
})

it('stands in the summary: the sentence, and a row for each verdict or figure that moved', () => {
  const text = summaryMarkdown(exampleHistory(), after, before)
  expect(text).toContain('**Against the baseline** (✕ Did not hold, run <code>r7</code>): 1 newly failed (a1)')
  expect(text).toContain('| A1 Title of a1 | ✓ Pass | ✕ Fail | 8 rows | 41 rows |')
  expect(text).toContain('| A4 Title of a4 | ✓ Pass | ✓ Pass | 5 rows | 6 rows |')
  expect(text).not.toContain('Not a like run')
  expect(summaryMarkdown(exampleHistory(), after, { ...before, target: 'mine' })).toContain('Not a like run: target mine, now reference.')
  expect(summaryMarkdown(exampleHistory(), after, after)).not.toContain('measured then')
})

it('is not broken by names of a baseline that somebody else wrote', () => {
  const evil = exampleVerdict('fail', { check: everything, code: hostile.markdown, title: hostile.markup, unit: hostile.markdown })
  const text = summaryMarkdown(exampleHistory(), after, { ...exampleVerdicts('fail', [evil], ''), run: hostile.markup, target: everything })
  expect(text).not.toContain('<script')
  for (const row of text.split('\n').filter((line) => line.startsWith('|'))) expect(row.split('|')).toHaveLength(7)
})
