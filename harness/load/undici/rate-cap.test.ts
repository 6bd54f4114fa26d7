import { expect, test } from 'vitest'
import { fullest } from '../../plan/at-most.ts'
import { RateCap } from './rate-cap.ts'

/** When each of those who came left, by a clock whose timers fire so late. */
async function left(most: number, dueMs: readonly number[], lateMs: number): Promise<number[]> {
  let nowMs = 0
  const cap = new RateCap(
    most,
    () => nowMs,
    async (ms) => {
      nowMs += ms + lateMs
    },
  )
  const turns: number[] = []
  for (const atMs of dueMs) {
    nowMs = Math.max(nowMs, atMs)
    await cap.turn()
    turns.push(nowMs)
  }
  return turns
}

const DUE = [0, 0, 0, 400, 400, 400, 400, 990, 1_001, 1_001, 4_000, 4_000]

test('no window of a second lets out more than the cap, whatever becomes due at once', async () => {
  const turns = await left(5, DUE, 0)
  expect(turns.slice(0, 6)).toEqual([0, 0, 0, 400, 400, 1_100])
  expect(fullest(turns)).toBe(5)
  expect(turns.at(-1)).toBe(4_000)
})

test('nor when timers fire late', async () => {
  const turns = await left(3, Array<number>(30).fill(0), 300)
  expect(fullest(turns)).toBe(3)
})

test('those who come together leave in their order', async () => {
  const cap = new RateCap(2)
  const order: number[] = []
  await Promise.all([1, 2, 3, 4].map((one) => cap.turn().then(() => order.push(one))))
  expect(order).toEqual([1, 2, 3, 4])
})
