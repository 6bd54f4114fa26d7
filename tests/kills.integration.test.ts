// A few of the hundred kills of the long tests, at moments of their own.
import { expect, test } from 'vitest'
import { killedOften } from './long/kills.ts'

test('kill -9 at any moment leaves nothing, and the next run is judged right', { timeout: 400_000 }, async () => {
  expect(await killedOften(5, 20, () => undefined)).toEqual([])
})
