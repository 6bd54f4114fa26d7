import { expect, test } from 'vitest'
import { quantile, quantileOf } from './quantiles.ts'

test('between ranks it interpolates, as numpy does', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
  expect(quantileOf([40, 10, 30, 20], 0.95)).toBeCloseTo(38.5)
})

test('the ends are the smallest and the largest', () => {
  expect([quantile([3, 5, 9], 0), quantile([3, 5, 9], 1)]).toEqual([3, 9])
})

test('of one value it is that value, of none it is not a number', () => {
  expect(quantile([7], 0.99)).toBe(7)
  expect(quantile([], 0.99)).toBeNaN()
})
