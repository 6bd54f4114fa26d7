// What nobody holds any more, collected between the steps of judging a long run. V8 waits until a heap has grown by half, and of a million
// calls half is 400 MB. Heaps below a quarter of a gigabyte are left to it.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const LEFT_ALONE_BYTES = 256 * 1_048_576
const GROWTH = 1.15

let heldBytes = LEFT_ALONE_BYTES

/** Collects where 15 % more is in use than was held the last time; half a second at a million calls. */
export function collectGrown(): void {
  if (usedBytes() < heldBytes * GROWTH) return
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  heldBytes = Math.max(LEFT_ALONE_BYTES, usedBytes())
}

function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
