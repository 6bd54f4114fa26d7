// A canary's finding as proof that a fault is there, or gone.
import type { Canary } from '../environment/service.ts'
import type { Injected, Proof } from './fault.ts'

/** Words of a canary whose connection was broken or turned away. */
export const GONE = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'CLOSED']

export function proof(canary: Canary, isSo: (canary: Canary) => boolean): Proof {
  const time = `${canary.roundTripMs.toFixed(1)} ms`
  return { seen: isSo(canary), detail: canary.error ? `canary: ${canary.error} after ${time}` : `canary round trip ${time}` }
}

/**
 * Felt while the canary ends in one of these words, healed once it ends in none.
 * @param look one attempt; without a signal once the run may be over
 */
export function byWord(
  words: readonly string[],
  signal: AbortSignal,
  look: (signal?: AbortSignal) => Promise<Canary>,
): Pick<Injected, 'felt' | 'healed'> {
  return {
    felt: async () => proof(await look(signal), ({ error }) => error !== undefined && words.includes(error)),
    healed: async () => proof(await look(), ({ error }) => error === undefined),
  }
}
