import { expect, test } from 'vitest'
import { collectGrown } from './collect.ts'

const BYTES = 600 * 1_048_576

test('gives back what nobody holds, once there is much of it', async () => {
  const external = () => process.memoryUsage().external
  const before = external()
  for (let n = 0; n < 3; n++) hold(BYTES)
  expect(external() - before).toBeGreaterThanOrEqual(BYTES)
  collectGrown()
  await expect.poll(() => external() - before).toBeLessThan(BYTES)
})

/** Memory that is never written takes none of the machine's. */
function hold(bytes: number): number {
  return new ArrayBuffer(bytes).byteLength
}
