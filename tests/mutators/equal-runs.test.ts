// A little of the long test of `compare` on itself (tests/long/compare.ts).
import { expect, test } from 'vitest'
import { drawnComparisons } from '../long/compare.ts'

test('equal runs are not called worse, slowed ones are', { timeout: 180_000 }, () => {
  const { falsely, found } = drawnComparisons(6)
  expect(falsely).toBe(0)
  expect(found).toBeGreaterThan(0.5)
})
