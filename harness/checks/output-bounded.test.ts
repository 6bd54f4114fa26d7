import { describe, expect, test } from 'vitest'
import { gaveUp, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { outputBounded } from './output-bounded.ts'

const sized = (...sizes: number[]) => {
  const story = aRun().agent('a')
  story.manifest.declared.outputMaxBytes = 100_000
  sizes.forEach((sizeBytes, n) => {
    story.call({ of: 'a', atMs: 3_000 + n * 100, answer: served(20, { sizeBytes }) })
  })
  return story
}

describe('output-bounded', () => {
  test('holds up to the cap', () => {
    expect(find(outputBounded, sized(200, 100_000))).toMatchObject({ status: 'pass', measured: 100_000, limit: 100_000, samples: 2 })
  })

  test('a text that was cut at the cap has its frame around it', () => {
    expect(find(outputBounded, sized(200, 101_000))).toMatchObject({ status: 'pass', measured: 101_000, limit: 100_000 })
  })

  test('fails beyond it, the largest first', () => {
    expect(find(outputBounded, sized(200, 101_001, 5_000_000))).toMatchObject({ status: 'fail', measured: 5_000_000, witnesses: [2, 1] })
  })

  test('a write whose request was too large was never done', () => {
    const answer = toolError('REQUEST_TOO_LARGE', 3, { status: 413, sizeBytes: 200 })
    expect(find(outputBounded, sized(200).call({ of: 'a', role: 'write', atMs: 5_000, answer })).status).toBe('pass')
    const asTool = toolError('REQUEST_TOO_LARGE', 3, { sizeBytes: 200 })
    expect(find(outputBounded, sized(200).call({ of: 'a', role: 'write', atMs: 5_000, answer: asTool })).status).toBe('pass')
  })

  test('a write is never failed for its size; a read may be', () => {
    const large = toolError('RESULT_TOO_LARGE', 30, { sizeBytes: 300 })
    expect(find(outputBounded, sized(200).call({ of: 'a', role: 'write', atMs: 5_000, answer: large }))).toMatchObject({
      status: 'fail',
      witnesses: [1],
    })
    expect(find(outputBounded, sized(200).call({ of: 'a', atMs: 5_000, answer: large })).status).toBe('pass')
    const asStatus = toolError('RESULT_TOO_LARGE', 30, { sizeBytes: 300, status: 413 })
    expect(find(outputBounded, sized(200).call({ of: 'a', role: 'write', atMs: 5_000, answer: asStatus })).status).toBe('fail')
  })

  test('nor in plain words; a request may be too large, and a read fail', () => {
    const saying = (message: string, role: 'write' | 'cheapRead') => {
      const answer = toolError('', 30, { sizeBytes: 300, message, data: {} })
      return find(outputBounded, sized(200).call({ of: 'a', role, atMs: 5_000, answer })).status
    }
    for (const words of ['Error: the result is too large to return', 'Response size exceeds 262144 bytes']) {
      expect(saying(words, 'write')).toBe('fail')
      expect(saying(words, 'cheapRead')).toBe('pass')
    }
    expect(saying('The memo is too long.', 'write')).toBe('pass')
    expect(saying('The request is too large.', 'write')).toBe('pass')
  })

  test('has no weight without an answer, unknown where it is essential', () => {
    const story = sized().call({ of: 'a', atMs: 5_000, answer: gaveUp() })
    expect(find(outputBounded, story)).toMatchObject({ notExercised: true })
    expect(verdictOf(story.check('output-bounded', {}, { essential: true }), 'output-bounded').status).toBe('unknown')
  })

  test('is not judged without a declared cap', () => {
    expect(verdictOf(sized(1).hides('declared.outputMaxBytes', 'line'), 'output-bounded')).toMatchObject({
      status: 'not-judged',
      addLine: 'line',
    })
  })
})
