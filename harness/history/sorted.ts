// Positions in ascending numbers, by halving: what looks at each of a million calls cannot look at all the others for each.

/** How many of them are below `value`; with `orEqual`, at most it. */
export function countBelow(ascending: readonly number[], value: number, orEqual = false): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const at = ascending[middle] as number
    if (at < value || (orEqual && at === value)) low = middle + 1
    else high = middle
  }
  return low
}
