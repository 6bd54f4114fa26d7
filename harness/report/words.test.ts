import { describe, expect, it } from 'vitest'
import { exampleVerdict, exampleVerdicts } from './example/verdicts.ts'
import { marginWords, ordered, sentence, tally } from './words.ts'

describe('the order of verdicts', () => {
  it('is fails, unknowns, not-judged, passes; essential ones first, then the furthest past the limit', () => {
    const verdicts = [
      exampleVerdict('pass', { code: 'A10' }),
      exampleVerdict('pass', { code: 'A9' }),
      exampleVerdict('pass', { code: 'G2' }),
      exampleVerdict('not-judged', { code: 'A8' }),
      exampleVerdict('unknown', { code: 'A1' }),
      exampleVerdict('fail', { code: 'A4', margin: -0.1 }),
      exampleVerdict('fail', { code: 'A5', margin: -3 }),
      exampleVerdict('fail', { code: 'A6', margin: -0.01, essential: true }),
    ]
    expect(ordered(verdicts).map(({ code }) => code)).toEqual(['A6', 'A5', 'A4', 'A1', 'A8', 'G2', 'A9', 'A10'])
  })
})

describe('the sentence', () => {
  it('is the worst fail, and how many more there are', () => {
    const fails = ['A4', 'A5', 'A6'].map((code, i) => exampleVerdict('fail', { code, margin: -i, says: `${code} broke` }))
    expect(sentence(exampleVerdicts('fail', fails, '3 of 3 judged'))).toBe('A6 broke. 2 more checks failed.')
    expect(sentence(exampleVerdicts('fail', fails.slice(0, 2), '2 of 2 judged'))).toBe('A5 broke. One more check failed.')
  })

  it('is the reason of a doubt', () => {
    const doubtful = [exampleVerdict('unknown', { because: 'the load was not offered' })]
    expect(sentence(exampleVerdicts('unknown', doubtful, '0 of 1 judged'))).toBe('The load was not offered.')
  })

  it('names the essential check that could not be judged', () => {
    const verdicts = [exampleVerdict('pass'), exampleVerdict('not-judged', { essential: true, title: 'Waiting is bounded' })]
    expect(sentence(exampleVerdicts('unknown', verdicts, '1 of 2 judged'))).toContain('Waiting is bounded')
  })

  it('is the headline when all held, and when nothing else is known', () => {
    expect(sentence(exampleVerdicts('pass', [exampleVerdict('pass')], '1 of 1 judged, all held'))).toBe('1 of 1 judged, all held.')
    expect(sentence(exampleVerdicts('unknown', [], 'nothing was judged'))).toBe('Nothing was judged.')
  })

  it('keeps a name as it is', () => {
    const fail = exampleVerdict('fail', { says: 'runaway-01 got it all' })
    expect(sentence(exampleVerdicts('fail', [fail], ''))).toBe('runaway-01 got it all.')
  })
})

it('counts what was judged, without passes that had nothing to look at', () => {
  const verdicts = [
    exampleVerdict('pass'),
    exampleVerdict('pass', { notExercised: true }),
    exampleVerdict('fail'),
    exampleVerdict('not-judged'),
  ]
  expect(tally(exampleVerdicts('fail', verdicts, ''))).toBe('2 of 4 judged, 1 failed; 1 not judged')
})

it('says the margin in words, and nothing when it is no share', () => {
  const margins = [0.31, 0, -1.4, Number.NEGATIVE_INFINITY].map((margin) => marginWords(exampleVerdict('fail', { margin })))
  expect(margins).toEqual(['31 % of the limit to spare', 'at the limit', '140 % past the limit', undefined])
})
