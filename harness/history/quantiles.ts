// Quantiles of measured values. Linear interpolation between ranks (type 7, as numpy and R do by default).

/**
 * @param sorted ascending values
 * @param p 0 to 1
 * @returns NaN when there is no value
 */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN
  const rank = Math.min(1, Math.max(0, p)) * (sorted.length - 1)
  const below = sorted[Math.floor(rank)] ?? Number.NaN
  const above = sorted[Math.ceil(rank)] ?? Number.NaN
  return below + (above - below) * (rank - Math.floor(rank))
}

/** Of values in any order. */
export function quantileOf(values: readonly number[], p: number): number {
  return quantile(new Float64Array(values).sort(), p)
}
