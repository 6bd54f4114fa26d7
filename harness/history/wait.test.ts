import { describe, expect, test } from 'vitest'
import { bodyWaitMs, headerWaitMs, isHttpDate, toldWaitMs } from './wait.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0)

describe('the wait that an answer names', () => {
  test.each([
    ['2', 2_000],
    [' 47 ', 47_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 12:00:03 GMT', 3_000],
    ['Thu, 01 Jan 2026 11:59:00 GMT', -60_000],
    ['1.5', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['2026-01-01T12:00:03Z', undefined],
    ['Thursday, 01-Jan-26 12:00:03 GMT', 3_000],
    ['Friday, 01-Jan-99 12:00:00 GMT', Date.UTC(1999, 0, 1, 12) - NOW],
    ['Thu Jan  1 12:00:03 2026', 3_000],
    ['Thu, 01 Jan 2026 12:00:03 +0200', undefined],
    ['Thu, 01 Jan 2026 12:00:03', undefined],
    ['Thu, 31 Feb 2026 12:00:03 GMT', undefined],
    ['Thu, 01 Jan 2026 24:00:00 GMT', undefined],
    ['', undefined],
  ])('Retry-After: %s', (header, expected) => {
    expect(headerWaitMs({ status: 429, retryAfter: header }, NOW)).toBe(expected)
  })

  test.each([
    ['a clock that is an hour behind', 'Thu, 01 Jan 2026 11:00:00 GMT', 'Thu, 01 Jan 2026 11:00:03 GMT', 3_000],
    ['a clock that is an hour ahead', 'Thu, 01 Jan 2026 13:00:00 GMT', 'Thu, 01 Jan 2026 13:00:03 GMT', 3_000],
    ['a date that is over by its own clock', 'Thu, 01 Jan 2026 12:00:09 GMT', 'Thu, 01 Jan 2026 12:00:03 GMT', -6_000],
    ['a Date that is none', 'today', 'Thu, 01 Jan 2026 12:00:03 GMT', 3_000],
    ['seconds, whatever the clock', 'Thu, 01 Jan 2026 11:00:00 GMT', '2', 2_000],
  ])('a date counts from the answer’s own Date: %s', (_, date, retryAfter, expected) => {
    expect(headerWaitMs({ status: 429, retryAfter, date }, NOW)).toBe(expected)
    expect(toldWaitMs({ status: 429, retryAfter, date }, NOW)).toBe(expected > 0 ? expected : undefined)
  })

  test('a date is told from seconds', () => {
    expect([isHttpDate('Thu, 01 Jan 2026 12:00:03 GMT'), isHttpDate('47')]).toEqual([true, false])
  })

  test('the body, which is finer, comes before the header', () => {
    expect(toldWaitMs({ status: 429, retryAfter: '2', data: { retryAfterMs: 1_600 } }, NOW)).toBe(1_600)
    expect(toldWaitMs({ status: 429, retryAfter: '2' }, NOW)).toBe(2_000)
    expect(toldWaitMs({ status: 429 }, NOW)).toBeUndefined()
  })

  test.each([
    [{ retry_after_ms: 1_600 }, 1_600],
    [{ retryAfterSeconds: 2 }, 2_000],
    [{ retry_after: 1.5 }, 1_500],
    [{ retryAfter: 2 }, undefined],
    [{ retry_after: 9, retryAfterMs: 1_600 }, 1_600],
  ])('servers have other names for it: %j', (data, expected) => {
    expect(bodyWaitMs({ status: 429, data })).toBe(expected)
  })

  test('a body that says it in words says nothing', () => {
    expect(bodyWaitMs({ status: 429, data: { retryAfterMs: '1600' } })).toBeUndefined()
  })
})
