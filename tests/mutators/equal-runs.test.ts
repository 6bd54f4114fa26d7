// A little of the long test of `compare` on itself (tests/long/compare.ts).
import { expect, test } from 'vitest'
import { drawnComparisons } from '../long/compare.ts'

test('equal runs are not called worse', () => {
  expect(drawnComparisons(11, 3).falsely).toBe(0)
})
