import { expect, test } from 'vitest'
import { ascending, countBelow } from './sorted.ts'

test.each([
  [0, 0, 0],
  [1, 0, 2],
  [2, 2, 2],
  [3, 2, 3],
  [9, 3, 3],
])('of 1, 1 and 3 below %d: %d, and %d with equal ones', (value, below, atMost) => {
  expect(countBelow([1, 1, 3], value)).toBe(below)
  expect(countBelow([1, 1, 3], value, true)).toBe(atMost)
})

test('of nothing there is nothing below', () => {
  expect(countBelow([], 1)).toBe(0)
})

test.each([[[1, 1, 3]], [[3, 1, 2]], [[1, 3, 2]], [[]]])('%j, lowest first', (values) => {
  expect([...ascending(values, (value) => value)]).toEqual(values.toSorted((a, b) => a - b))
})

test('what is no number stands last', () => {
  expect([...ascending([2, Number.NaN, 1], (value) => value)]).toEqual([1, 2, Number.NaN])
})
