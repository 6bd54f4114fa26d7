// What the latency faults share: a delay on a link, felt by a canary that has become slower by at least half of it.
import type { Canary, Link } from '../environment/service.ts'
import { count, milliseconds, type Values } from '../parameters.ts'
import type { Injected, Proof } from './fault.ts'

export const latencyParameters = {
  delayMs: milliseconds(300, { from: 1, to: 60_000 }),
  jitterMs: milliseconds(0, { from: 0, to: 30_000 }),
  seed: count(0, { from: 0, to: 4_294_967_295 }),
}

export async function delayLink(
  link: Link,
  { delayMs, jitterMs, seed }: Values<typeof latencyParameters>,
  look: (signal?: AbortSignal) => Promise<Canary>,
  signal: AbortSignal,
): Promise<Injected> {
  const before = await look(signal)
  const toxic = await link.add('latency', { delayMs, jitterMs, seed }, signal)
  // Half of the least that a round trip grows by, on top of what it was.
  const thresholdOf = (addedMs: number) => before.roundTripMs + Math.max(addedMs - jitterMs, addedMs / 4)
  let thresholdMs = thresholdOf(delayMs)
  const proof = (seen: boolean, { roundTripMs, error }: Canary): Proof => {
    const ending = error === undefined ? '' : `, then ${error}`
    return { seen, detail: `canary round trip ${roundTripMs.toFixed(1)} ms${ending} (before: ${before.roundTripMs.toFixed(1)} ms)` }
  }
  return {
    felt: async () => {
      const now = await look(signal)
      // A canary that gave up waiting has felt it as well.
      return proof(now.roundTripMs >= thresholdMs || now.error === 'TIMEOUT', now)
    },
    healed: async () => {
      const now = await look()
      return proof(now.error === undefined && now.roundTripMs < thresholdMs, now)
    },
    change: async (grown) => {
      thresholdMs = Math.min(thresholdMs, thresholdOf(Number(grown.delayMs ?? delayMs)))
      await toxic.change({ delayMs: Number(grown.delayMs ?? delayMs), jitterMs: Number(grown.jitterMs ?? jitterMs), seed })
    },
    [Symbol.asyncDispose]: () => toxic.remove(),
  }
}
