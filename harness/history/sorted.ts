// Positions in ascending numbers, by halving: what looks at each of a million calls cannot look at all the others for each.

/**
 * One number of each, lowest first. Typed, and filled by hand: `from` would go through an iterator for each of a million. Calls stand in
 * the order in which they were sent, so there is often nothing to sort.
 */
export function ascending<T>(items: readonly T[], of: (item: T) => number): Float64Array {
  const values = new Float64Array(items.length)
  let inOrder = true
  for (let n = 0; n < values.length; n++) {
    const value = of(items[n] as T)
    values[n] = value
    if (n > 0 && !((values[n - 1] as number) <= value)) inOrder = false
  }
  return inOrder ? values : values.sort()
}

/** Is any of them so near to `value`, or nearer? */
export function anyNear(sorted: ArrayLike<number>, value: number, distance: number): boolean {
  return (sorted[countBelow(sorted, value - distance)] ?? Number.POSITIVE_INFINITY) <= value + distance
}

/** Where items of at least `value` begin; they stand in that order. */
export function positionOf<T>(items: readonly T[], of: (item: T) => number, value: number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (of(items[middle] as T) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of them are below `value`; with `orEqual`, at most it. */
export function countBelow(sorted: ArrayLike<number>, value: number, orEqual = false): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const at = sorted[middle] as number
    if (at < value || (orEqual && at === value)) low = middle + 1
    else high = middle
  }
  return low
}
