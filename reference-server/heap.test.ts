import { expect, test } from 'vitest'
import { heapAfterCollection } from './heap.ts'

const MB = 1_000_000

test('asked to collect, it tells what is held: up with what is kept, and down again once that is let go', { timeout: 20_000 }, async () => {
  const heap = heapAfterCollection(150)
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const before = heap()
  const kept: number[][] = []
  for (let i = 0; i < 40; i++) kept.push(Array.from({ length: 100_000 }, (_, n) => n + i))
  await until(() => heap() > before + 20 * MB)
  const held = heap()
  kept.length = 0
  await until(() => heap() < held - 15 * MB)
  expect(heap()).toBeLessThan(held)
})
