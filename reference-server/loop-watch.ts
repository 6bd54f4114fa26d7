// How this process' event loop has fared since it was last looked at: how late it was (p99 of the delay of a 10 ms timer), and which
// part of the time it was busy. Late and busy is too much work; late and idle is a machine that stood still, which no refusal mends.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

export interface LoopReading {
  delayMs: number
  /** 0 … 1 */
  utilisation: number
}

export interface LoopWatch {
  /** Since the last reading. */
  read(): LoopReading
}

const RESOLUTION_MS = 10

export function watchLoop(): LoopWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let last = performance.eventLoopUtilization()
  return {
    read() {
      const now = performance.eventLoopUtilization()
      const { utilization: utilisation } = performance.eventLoopUtilization(now, last)
      last = now
      // The histogram counts the timer's own period as well.
      const delayMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS)
      delay.reset()
      return { delayMs, utilisation }
    },
  }
}
