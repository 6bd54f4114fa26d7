import { expect, test } from 'vitest'
import { createTypical } from './typical.ts'

test('is the median of the last 32, once there are 5', () => {
  const typical = createTypical()
  for (const ms of [10, 11, 9, 5_000]) typical.add('a', ms)
  expect(typical.ms('a')).toBeUndefined()
  typical.add('a', 12)
  expect(typical.ms('a')).toBe(11)
  for (let i = 0; i < 32; i++) typical.add('a', 100)
  expect([typical.ms('a'), typical.ms('b'), typical.ms(undefined)]).toEqual([100, undefined, undefined])
})
