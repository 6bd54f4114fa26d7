// A fault that breaks a share of what passes is felt by one of several canaries, and gone when none of as many sees it.

/** So few answers pass by luck when this many canaries were drawn. */
const LUCK = 0.001
const CANARIES_MAX = 40

/** How many canaries it takes, at most 40. */
export function enoughDraws(share: number): number {
  return share === 1 ? 1 : Math.min(CANARIES_MAX, Math.ceil(Math.log(LUCK) / Math.log(1 - share)))
}

/** One after the other, until one is so or there were enough; the last one. */
export async function untilOne<T>(enough: number, look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  let seen = await look()
  for (let looks = 1; looks < enough && !isSo(seen); looks++) seen = await look()
  return seen
}
