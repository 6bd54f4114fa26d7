// What all canaries share: one bounded attempt of the harness's own through a link, timed, whose failure is a finding
// and never an exception. A canary opens a fresh connection each time: a warm pool would not notice a refused one.
import type { Canary } from './service.ts'

/** No canary waits longer than this, ms. */
export const CANARY_LIMIT_MS = 5_000

/**
 * @param attempt does one round trip and returns its ms; must end when its signal aborts
 * @returns the round trip; after a failure the time until it, and the error as one word
 */
export async function measured(
  signal: AbortSignal | undefined,
  attempt: (stop: AbortSignal) => Promise<number>,
  limitMs = CANARY_LIMIT_MS,
): Promise<Canary> {
  const limit = AbortSignal.timeout(limitMs)
  const begunMs = performance.now()
  try {
    return { roundTripMs: await attempt(signal ? AbortSignal.any([signal, limit]) : limit) }
  } catch (error) {
    const word = signal?.aborted ? 'ABORTED' : limit.aborted ? 'TIMEOUT' : errorWord(error)
    return { roundTripMs: performance.now() - begunMs, error: word }
  }
}

/** A SQLSTATE, an errno, or `CLOSED` when the other side ended the connection without saying why. */
function errorWord(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  if (typeof code === 'string') return code
  const message = error instanceof Error ? error.message : String(error)
  return /terminated|closed|hang up/i.test(message) ? 'CLOSED' : message
}

/** `127.0.0.1:5432` → its parts; a host of IPv6 digits is in brackets. */
export function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}
