// How fast does something grow? A straight line through its readings by least squares, and the 95 % interval of its slope by a block
// bootstrap of what lies off the line (neighbours resemble each other: a heap saws). Pure. Not modelled: growth that bends.
import { generatorOf } from '../history/bootstrap.ts'
import { quantileOf } from '../history/quantiles.ts'

export interface Reading {
  atMs: number
  value: number
}

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
  const slopes = Array.from({ length: ROUNDS }, () => {
    const drawn = blocksOf(off, block, unit)
    const again = readings.map(({ atMs }, n) => ({ atMs, value: line.at + line.perMs * atMs + widened * (drawn[n] ?? 0) }))
    return lineThrough(again)?.perMs ?? line.perMs
  })
  return { perMs: line.perMs, interval: [quantileOf(slopes, 0.025), quantileOf(slopes, 0.975)] }
}

function lineThrough(readings: readonly Reading[]): { at: number; perMs: number } | undefined {
  const mean = (of: (reading: Reading) => number) => readings.reduce((sum, one) => sum + of(one), 0) / readings.length
  const [atMs, value] = [mean((one) => one.atMs), mean((one) => one.value)]
  const spread = readings.reduce((sum, one) => sum + (one.atMs - atMs) ** 2, 0)
  if (!(spread > 0)) return undefined
  const perMs = readings.reduce((sum, one) => sum + (one.atMs - atMs) * (one.value - value), 0) / spread
  return { perMs, at: value - perMs * atMs }
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
