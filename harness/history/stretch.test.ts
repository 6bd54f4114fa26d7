import { expect, test } from 'vitest'
import { isDuring } from './stretch.ts'

test('a stretch has its first moment, and not its last', () => {
  const stretch = { fromMs: 1_000, toMs: 2_000 }
  expect([999, 1_000, 1_999.9, 2_000].map((atMs) => isDuring(stretch, atMs))).toEqual([false, true, true, false])
})
