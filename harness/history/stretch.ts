// A stretch of the run: a phase, a window, the time between a fault and its heal. Pure.

/** ms since the run's start; the end is exclusive. */
export interface Stretch {
  fromMs: number
  toMs: number
}

export function isDuring({ fromMs, toMs }: Stretch, atMs: number): boolean {
  return atMs >= fromMs && atMs < toMs
}

/** Tells one from another. */
export function nameOfStretch({ fromMs, toMs }: Stretch): string {
  return `${fromMs} ${toMs}`
}
