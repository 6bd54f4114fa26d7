import { expect, test, vi } from 'vitest'
import { watchLoop } from './loop-watch.ts'

const BLOCK_MS = 200

function block(): void {
  const untilMs = performance.now() + BLOCK_MS
  while (performance.now() < untilMs);
}

test('who has waited through a block sees it, though the timer has not been heard of yet; once', async () => {
  const read = watchLoop().reader()
  block()
  const { delayMs, utilisation } = read()
  expect(delayMs).toBeGreaterThan(BLOCK_MS * 0.9)
  expect(utilisation).toBeGreaterThan(0.9)
  expect(read().delayMs).toBeLessThan(BLOCK_MS / 2)
})

test('a block that the timer has told of is seen as well', async () => {
  const read = watchLoop().reader()
  block()
  await vi.waitFor(() => expect(read().delayMs).toBeGreaterThan(BLOCK_MS * 0.9))
})

test('a loop that waits is idle', async () => {
  const read = watchLoop().reader()
  await vi.waitFor(() => expect(read().utilisation).toBeLessThan(0.5))
})

test('each who looks is told of the time since its own last look', () => {
  const watch = watchLoop()
  const [first, second] = [watch.reader(), watch.reader()]
  block()
  for (const read of [first, second]) expect(read().delayMs).toBeGreaterThan(BLOCK_MS * 0.9)
  expect(watch.reader()().delayMs).toBe(0)
})
