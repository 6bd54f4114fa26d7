// Wall and monotonic time read together, so that a stepped or drifting wall clock is seen: k6 has only wall time.
import type { ClockLine } from '../history/raw-line.ts'

export interface Clock {
  wallMs(): number
  monotonicMs(): number
}

export const systemClock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

export function readClock(clock: Clock): ClockLine {
  return { kind: 'clock', atMs: clock.wallMs(), monotonicMs: Math.round(clock.monotonicMs() * 1_000) / 1_000 }
}
