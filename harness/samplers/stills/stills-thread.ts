// The thread of a watch for stills: sleeps 5 ms at a time, and tells when it was woken much later
// than that, with what the host took meanwhile.
import { workerData } from 'node:worker_threads'
import { TICK_MS } from '../../environment/process-group.ts'
import { cpuTicksNow } from './cpu-ticks.ts'
import type { Still, StillsOrder } from './stills.ts'

const SLEEP_MS = 5
/** How old the reading before a still may be: what the host took is counted from it on. */
const READ_EVERY_MS = 50

const { port, leastMs } = workerData as StillsOrder
const nobody = new Int32Array(new SharedArrayBuffer(4))

let beforeMs = performance.now()
let readAtMs = beforeMs
let stolen = cpuTicksNow()?.stolen
for (;;) {
  Atomics.wait(nobody, 0, 0, SLEEP_MS)
  const nowMs = performance.now()
  const stillMs = nowMs - beforeMs
  beforeMs = nowMs
  if (stillMs < leastMs && nowMs - readAtMs < READ_EVERY_MS) continue
  const now = cpuTicksNow()?.stolen
  if (stillMs >= leastMs) {
    const still: Still = { atMs: Date.now(), stillMs: Math.round(stillMs) }
    if (stolen !== undefined && now !== undefined) still.stolenMs = Math.max(0, now - stolen) * TICK_MS
    port.postMessage(still)
  }
  readAtMs = nowMs
  stolen = now
}
