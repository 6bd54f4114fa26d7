import { expect, test } from 'vitest'
import { ratioInterval, shareOf } from './bootstrap.ts'

const even = (length: number, good: number, planned: number) => Array.from({ length }, () => ({ good, planned }))

test('windows that are all alike leave no doubt', () => {
  expect(ratioInterval(even(8, 10, 10), even(8, 10, 10), 7)).toEqual([1, 1])
  expect(ratioInterval(even(8, 5, 10), even(8, 10, 10), 7)).toEqual([0.5, 0.5])
})

test('windows that differ give an interval around the ratio', () => {
  const measured = [10, 2, 9, 10, 3, 10, 9, 10].map((good) => ({ good, planned: 10 }))
  const [low, high] = ratioInterval(measured, even(8, 10, 10), 7) ?? [0, 0]
  expect(low).toBeLessThan(shareOf(measured))
  expect(high).toBeGreaterThan(shareOf(measured))
  expect(low).toBeGreaterThan(0.4)
  expect(high).toBeLessThanOrEqual(1)
})

test('the same seed gives the same interval, another seed nearly the same', () => {
  const measured = [10, 2, 9, 10, 3, 10, 9, 10].map((good) => ({ good, planned: 10 }))
  const base = even(8, 10, 10)
  expect(ratioInterval(measured, base, 7)).toEqual(ratioInterval(measured, base, 7))
  const [low = 0] = ratioInterval(measured, base, 8) ?? []
  expect(low).toBeCloseTo(ratioInterval(measured, base, 7)?.[0] ?? 0, 1)
})

test('nothing planned, or nothing good to compare with: no interval', () => {
  expect(ratioInterval(even(8, 0, 0), even(8, 1, 1), 7)).toBeUndefined()
  expect(ratioInterval(even(8, 1, 1), even(8, 0, 1), 7)).toBeUndefined()
})
