import { expect, test, vi } from 'vitest'
import { heapAfterCollection } from './heap.ts'

const MB = 1_000_000
const WITHIN = { timeout: 10_000, interval: 20 }

test('asked to collect, it tells what is held: up with what is kept, and down again once that is let go', { timeout: 20_000 }, async () => {
  const heap = heapAfterCollection(150)
  const before = heap()
  const kept: number[][] = []
  for (let i = 0; i < 40; i++) kept.push(Array.from({ length: 100_000 }, (_, n) => n + i))
  await vi.waitFor(() => expect(heap()).toBeGreaterThan(before + 20 * MB), WITHIN)
  const held = heap()
  kept.length = 0
  await vi.waitFor(() => expect(heap()).toBeLessThan(held - 15 * MB), WITHIN)
})
