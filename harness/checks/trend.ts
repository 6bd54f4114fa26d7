// How fast does something grow? A straight line through its readings by least squares, and the 95 % interval of its slope by a block
// bootstrap of what lies off the line (neighbours resemble each other: a heap saws). Pure. Not modelled: growth that bends.
import { generatorOf } from '../history/bootstrap.ts'
import { quantileOf } from '../history/quantiles.ts'
import type { Reading } from '../history/samples.ts'

export interface Trend {
  perMs: number
  interval: [number, number]
}

const ROUNDS = 1_000
const LEAST = 4

/** @returns undefined with fewer than four readings, or all in one moment */
export function trendOf(readings: readonly Reading[], seed: number): Trend | undefined {
  const line = lineThrough(readings)
  if (readings.length < LEAST || !line) return undefined
  const off = readings.map(({ atMs, value }) => value - line.at - line.perMs * atMs)
  // Two of the readings' freedoms are in the line itself.
  const widened = Math.sqrt(readings.length / (readings.length - 2))
  const block = Math.ceil(Math.sqrt(readings.length))
  const unit = generatorOf(seed)
  const moments = readings.map(({ atMs }) => atMs)
  const slopes = Array.from({ length: ROUNDS }, () => {
    const drawn = blocksOf(off, block, unit)
    return slopeOf(
      line,
      moments,
      moments.map((atMs, n) => line.at + line.perMs * atMs + widened * (drawn[n] ?? 0)),
    )
  })
  return { perMs: line.perMs, interval: [quantileOf(slopes, 0.025), quantileOf(slopes, 0.975)] }
}

interface Line {
  at: number
  perMs: number
  /** Of the readings' moments: their mean, and the sum of the squares by which they lie off it. */
  meanMs: number
  spread: number
}

function lineThrough(readings: readonly Reading[]): Line | undefined {
  const moments = readings.map(({ atMs }) => atMs)
  const values = readings.map(({ value }) => value)
  const meanMs = mean(moments)
  const spread = moments.reduce((sum, atMs) => sum + (atMs - meanMs) ** 2, 0)
  if (!(spread > 0)) return undefined
  const perMs = slopeOf({ meanMs, spread }, moments, values)
  return { perMs, at: mean(values) - perMs * meanMs, meanMs, spread }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Other values at the same moments. */
function slopeOf({ meanMs, spread }: Pick<Line, 'meanMs' | 'spread'>, moments: readonly number[], values: readonly number[]): number {
  const middle = mean(values)
  let sum = 0
  for (let n = 0; n < moments.length; n++) sum += ((moments[n] as number) - meanMs) * ((values[n] as number) - middle)
  return sum / spread
}

/** Circular, so that the first and the last are drawn as often as any other. */
function blocksOf(values: readonly number[], block: number, unit: () => number): number[] {
  const drawn: number[] = []
  while (drawn.length < values.length) {
    const from = Math.floor(unit() * values.length)
    for (let n = 0; n < block; n++) drawn.push(values[(from + n) % values.length] ?? 0)
  }
  return drawn
}
