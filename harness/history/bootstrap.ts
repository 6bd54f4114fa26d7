// 95 % intervals by block bootstrap: neighbouring windows resemble each other (one slow second makes the next one slow), so
// whole blocks of windows are drawn again, not single calls (Künsch 1989). Seeded: the same history gives the same
// interval. Not modelled: trends within a phase; fewer than a handful of windows give intervals that are too narrow.

export interface Tally {
  good: number
  planned: number
}

const ROUNDS = 2_000
const BLOCK_WINDOWS = 2

export function totalOf(windows: readonly Tally[]): Tally {
  let good = 0
  let planned = 0
  for (const window of windows) {
    good += window.good
    planned += window.planned
  }
  return { good, planned }
}

/** Sum of good ÷ sum of planned; NaN without plan. */
export function shareOf(windows: readonly Tally[]): number {
  const { good, planned } = totalOf(windows)
  return good / planned
}

/**
 * Interval of share(measured) ÷ share(baseline).
 * @returns undefined when either has nothing planned or the baseline nothing good
 */
export function ratioInterval(measured: readonly Tally[], baseline: readonly Tally[], seed: number): [number, number] | undefined {
  const filled = measured.filter((window) => window.planned > 0)
  const filledBase = baseline.filter((window) => window.planned > 0)
  if (filled.length === 0 || filledBase.length === 0 || !(shareOf(filledBase) > 0)) return undefined
  const unit = generatorOf(seed)
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const below = drawnShare(filledBase, unit)
    if (below > 0) ratios.push(drawnShare(filled, unit) / below)
  }
  return middleOf(ratios)
}

/** Interval of share(windows). @returns undefined when nothing was planned */
export function shareInterval(windows: readonly Tally[], seed: number): [number, number] | undefined {
  const filled = windows.filter((window) => window.planned > 0)
  if (filled.length === 0) return undefined
  const unit = generatorOf(seed)
  return middleOf(Array.from({ length: ROUNDS }, () => drawnShare(filled, unit)))
}

/** Where the middle 95 % of them lie; sorts them in place. */
function middleOf(values: number[]): [number, number] {
  values.sort((a, b) => a - b)
  const at = (p: number) => values[Math.min(values.length - 1, Math.floor(p * values.length))] ?? Number.NaN
  return [at(0.025), at(0.975)]
}

/** The share in as many windows, drawn in circular blocks, so that the first and the last are drawn as often as any other. */
function drawnShare(windows: readonly Tally[], unit: () => number): number {
  let [good, planned, drawn] = [0, 0, 0]
  while (drawn < windows.length) {
    const from = Math.floor(unit() * windows.length)
    for (let i = 0; i < BLOCK_WINDOWS && drawn < windows.length; i++) {
      const window = windows[(from + i) % windows.length] as Tally
      good += window.good
      planned += window.planned
      drawn++
    }
  }
  return good / planned
}

/** mulberry32: the plan's own generator, of which the history may not know. */
export function generatorOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
