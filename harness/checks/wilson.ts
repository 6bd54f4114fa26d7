/** 95 % interval of a share (Wilson 1927): it holds for shares near 0 and 1, where most of ours lie. */
export function wilson(good: number, all: number): [number, number] {
  const z = 1.96
  const share = good / all
  const middle = (share + z ** 2 / (2 * all)) / (1 + z ** 2 / all)
  const half = (z * Math.sqrt((share * (1 - share)) / all + z ** 2 / (4 * all ** 2))) / (1 + z ** 2 / all)
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
