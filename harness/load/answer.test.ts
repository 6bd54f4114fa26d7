import { describe, expect, test } from 'vitest'
import type { Evidence } from '../history/load-line.ts'
import { answerOf } from './answer.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0)
const call = { turn: 1, role: 'write' as const, arguments: {}, thinkMs: 0 }

function told(evidence: Partial<Evidence>): number | undefined {
  return answerOf(call, 1, { status: 429, ...evidence }, NOW).retryAfterMs
}

describe('an agent waits as long as it was told in a valid way', () => {
  test.each<[string, Partial<Evidence>, number]>([
    ['whole seconds', { retryAfter: '2' }, 2_000],
    ['an HTTP-date', { retryAfter: 'Thu, 01 Jan 2026 12:00:03 GMT' }, 3_000],
    ['one by the clock of the server', { retryAfter: 'Thu, 01 Jan 2026 11:00:03 GMT', date: 'Thu, 01 Jan 2026 11:00:00 GMT' }, 3_000],
    ['a date in the past', { retryAfter: 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
    ['the body, which is finer than the header', { retryAfter: '2', data: { retryAfterMs: 1_600 } }, 1_600],
  ])('%s', (_what, evidence, expected) => {
    expect(told(evidence)).toBe(expected)
  })

  test.each<[string, Partial<Evidence>]>([
    ['nothing', {}],
    ['an ISO date', { retryAfter: '2026-01-01T12:00:03Z' }],
    ['a year, or whatever else an engine takes for a date', { retryAfter: 'in 2027' }],
    ['a fraction', { retryAfter: '1.5' }],
    ['a wait without end', { data: { retryAfterMs: Number.POSITIVE_INFINITY } }],
  ])('not by %s', (_what, evidence) => {
    expect(told(evidence)).toBeUndefined()
  })
})

test('a refusal inside a result or an error is one when it names its wait', () => {
  expect(answerOf(call, 1, { status: 200, parsed: true, isError: true, data: { retryAfterMs: 5 } }, NOW).refused).toBe(true)
  expect(answerOf(call, 1, { status: 200, parsed: true, isError: true, data: {} }, NOW).refused).toBe(false)
})

test('what was never sent is not lost', () => {
  const lost = (transport: NonNullable<Evidence['transport']>) => answerOf(call, 1, { status: 0, transport }, NOW).lost
  expect([lost('timeout'), lost('reset'), lost('refused'), lost('dns')]).toEqual([true, true, false, false])
})
