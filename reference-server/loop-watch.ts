// How this process' event loop has fared since it was last looked at: how late it was (p99 of the delay of a 10 ms timer), and which
// part of the time it was busy. Late and busy is too much work; late and idle is a machine that stood still, which no refusal mends.
// One timer for all who look, each of whom is told of the time since its own last look.
//
// Whoever looks has often waited through the very block that is to be seen, and comes before the timer does: what the timer is late
// already counts. Hence not monitorEventLoopDelay, whose reset forgets it, so that a scrape never saw what had held it up.
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks'

export interface LoopReading {
  delayMs: number
  /** 0 … 1 */
  utilisation: number
}

export interface LoopWatch {
  /** Another one who looks. @returns what has been since it was called last, or since now */
  reader(): () => LoopReading
}

const EVERY_MS = 10
/** Of the histogram, which counts whole numbers from 1. */
const US_PER_MS = 1_000

export function watchLoop(): LoopWatch {
  const readers: RecordableHistogram[] = []
  let countedAtMs = performance.now()
  const count = (): void => {
    const nowMs = performance.now()
    const lateUs = Math.max(1, Math.round((nowMs - countedAtMs - EVERY_MS) * US_PER_MS))
    for (const own of readers) own.record(lateUs)
    countedAtMs = nowMs
  }
  setInterval(count, EVERY_MS).unref()
  return {
    reader() {
      const own = createHistogram()
      readers.push(own)
      let last = performance.eventLoopUtilization()
      return () => {
        if (performance.now() - countedAtMs > EVERY_MS) count()
        const now = performance.eventLoopUtilization()
        const { utilization: utilisation } = performance.eventLoopUtilization(now, last)
        last = now
        const delayMs = own.count === 0 ? 0 : own.percentile(99) / US_PER_MS
        own.reset()
        return { delayMs, utilisation }
      }
    },
  }
}
