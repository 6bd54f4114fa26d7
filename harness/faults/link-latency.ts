// What the latency faults share: a delay on a link, felt by a canary that has become slower by at least half of it.
import type { Canary, Link } from '../environment/service.ts'
import { choice, count, milliseconds, share, type Values } from '../parameters.ts'
import { enoughDraws, untilOne } from './draws.ts'
import type { Injected, Proof } from './fault.ts'

export const latencyParameters = {
  delayMs: milliseconds(300, { from: 1, to: 60_000 }),
  jitterMs: milliseconds(0, { from: 0, to: 30_000 }),
  toxicity: share(1, { from: 0.05, to: 1 }),
  stream: choice(['both', 'upstream', 'downstream'], 'both'),
  seed: count(0, { from: 0, to: 4_294_967_295 }),
}

const LOOKS_BEFORE = 3

/** @param look a fresh connection each time: a share of the connections is felt by one of several */
export async function delayLink(
  link: Link,
  { delayMs, jitterMs, toxicity, stream, seed }: Values<typeof latencyParameters>,
  look: (signal?: AbortSignal) => Promise<Canary>,
  signal: AbortSignal,
): Promise<Injected> {
  // The quickest: one that a busy machine kept waiting would make the threshold one that the delay does not reach.
  let before = await look(signal)
  for (let looks = 1; looks < LOOKS_BEFORE; looks++) {
    const again = await look(signal)
    if (again.roundTripMs < before.roundTripMs) before = again
  }
  const aim = { seed, ...(toxicity < 1 && { toxicity }), ...(stream !== 'both' && { stream }) }
  const toxic = await link.add('latency', { delayMs, jitterMs, ...aim }, signal)
  // Half of the least that a round trip grows by, on top of what it was.
  const ways = stream === 'both' ? 2 : 1
  const thresholdOf = (addedMs: number) => before.roundTripMs + (Math.max(addedMs - jitterMs, addedMs / 4) * ways) / 2
  let thresholdMs = thresholdOf(delayMs)
  // A canary that gave up waiting has felt it as well.
  const isSlow = ({ roundTripMs, error }: Canary) => roundTripMs >= thresholdMs || error === 'TIMEOUT'
  const enough = enoughDraws(toxicity)
  const proof = (seen: boolean, { roundTripMs, error }: Canary): Proof => {
    const ending = error === undefined ? '' : `, then ${error}`
    return { seen, detail: `canary round trip ${roundTripMs.toFixed(1)} ms${ending} (before: ${before.roundTripMs.toFixed(1)} ms)` }
  }
  return {
    felt: async () => {
      const now = await untilOne(enough, () => look(signal), isSlow)
      return proof(isSlow(now), now)
    },
    healed: async () => {
      const isIll = (canary: Canary) => canary.error !== undefined || isSlow(canary)
      const now = await untilOne(enough, () => look(), isIll)
      return proof(!isIll(now), now)
    },
    change: async (grown) => {
      thresholdMs = Math.min(thresholdMs, thresholdOf(Number(grown.delayMs ?? delayMs)))
      await toxic.change({ delayMs: Number(grown.delayMs ?? delayMs), jitterMs: Number(grown.jitterMs ?? jitterMs), ...aim })
    },
    [Symbol.asyncDispose]: () => toxic.remove(),
  }
}
