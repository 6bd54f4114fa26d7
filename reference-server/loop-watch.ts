// How this process' event loop has fared since it was last looked at: how late it was (p99 of the delay of a 10 ms timer), and which
// part of the time it was busy. Late and busy is too much work; late and idle is a machine that stood still, which no refusal mends.
//
// Whoever looks has often waited through the very block that is to be seen, and comes before the timer does: what the timer is late
// already counts. Hence not monitorEventLoopDelay, whose reset forgets it, so that a scrape never saw what had held it up.
import { createHistogram, performance } from 'node:perf_hooks'

export interface LoopReading {
  delayMs: number
  /** 0 … 1 */
  utilisation: number
}

export interface LoopWatch {
  /** Since the last reading. */
  read(): LoopReading
}

const EVERY_MS = 10
/** Of the histogram, which counts whole numbers from 1. */
const US_PER_MS = 1_000

export function watchLoop(): LoopWatch {
  const lateUs = createHistogram()
  let last = performance.eventLoopUtilization()
  let countedAtMs = performance.now()
  const count = (): void => {
    const nowMs = performance.now()
    lateUs.record(Math.max(1, Math.round((nowMs - countedAtMs - EVERY_MS) * US_PER_MS)))
    countedAtMs = nowMs
  }
  setInterval(count, EVERY_MS).unref()
  return {
    read() {
      if (performance.now() - countedAtMs > EVERY_MS) count()
      const now = performance.eventLoopUtilization()
      const { utilization: utilisation } = performance.eventLoopUtilization(now, last)
      last = now
      const delayMs = lateUs.count === 0 ? 0 : lateUs.percentile(99) / US_PER_MS
      lateUs.reset()
      return { delayMs, utilisation }
    },
  }
}
