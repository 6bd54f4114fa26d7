import { describe, expect, it } from 'vitest'
import { gaveUp, served, toolError } from '../../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../../tests/fixtures/histories/build.ts'
import { exampleVerdict } from '../example/verdicts.ts'
import { chosenOf } from './chosen.ts'

describe('calls that findings tell', () => {
  it('beside one that was turned away in a line: who was let in meanwhile, and longest inside', () => {
    const history = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 11_000, answer: served(900) })
      .call({ of: 'a', atMs: 11_100, answer: served(2_000) })
      .call({ of: 'a', atMs: 11_150, answer: toolError('QUEUE_FULL', 4_000) })
      .call({ of: 'a', atMs: 11_200, answer: toolError('QUEUE_FULL', 500) })
      .call({ of: 'a', atMs: 12_000, answer: served(3_000) })
      .history()
    const verdict = exampleVerdict('fail', { witnesses: [3] })
    expect(
      chosenOf(history, [verdict])
        .get(verdict.check)
        ?.map(({ call, beside }) => [call.index, beside]),
    ).toEqual([
      [1, true],
      [3, false],
    ])
  })

  it('two calls of one key, where keys are the exhibits', () => {
    const story = aRun().agent('a')
    story.call({ of: 'a', role: 'write', atMs: 3_000, key: 'w1', answer: served() })
    story.call({ of: 'a', role: 'write', atMs: 3_001, key: 'w1', answer: served() })
    story.call({ of: 'a', role: 'write', atMs: 4_000, key: 'w2', answer: gaveUp() })
    const history = story.history()
    const key = history.calls[0]?.key ?? ''
    const verdict = exampleVerdict('fail', { witnesses: [0, 2, 1], exhibits: [`key ${key}: two rows`] })
    const chosen = (one = verdict) =>
      chosenOf(history, [one])
        .get(one.check)
        ?.map(({ call }) => call.index)
    expect(chosen()).toEqual([0, 1])
    expect(chosen({ ...verdict, exhibits: [] })).toEqual([0, 2])
  })
})
