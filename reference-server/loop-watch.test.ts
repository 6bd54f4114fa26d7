import { expect, test, vi } from 'vitest'
import { watchLoop } from './loop-watch.ts'

const BLOCK_MS = 200

function block(): void {
  const untilMs = performance.now() + BLOCK_MS
  while (performance.now() < untilMs);
}

test('who has waited through a block sees it, though the timer has not been heard of yet; once', async () => {
  const watch = watchLoop()
  block()
  const { delayMs, utilisation } = watch.read()
  expect(delayMs).toBeGreaterThan(BLOCK_MS * 0.9)
  expect(utilisation).toBeGreaterThan(0.9)
  expect(watch.read().delayMs).toBeLessThan(BLOCK_MS / 2)
})

test('a block that the timer has told of is seen as well', async () => {
  const watch = watchLoop()
  block()
  await vi.waitFor(() => expect(watch.read().delayMs).toBeGreaterThan(BLOCK_MS * 0.9))
})

test('a loop that waits is idle', async () => {
  const watch = watchLoop()
  await vi.waitFor(() => expect(watch.read().utilisation).toBeLessThan(0.5))
})
