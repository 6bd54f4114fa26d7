// What a person at the keyboard, a supervisor or a closed terminal asks for while something of ours runs.
import type { Lease } from '../run/lease.ts'

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The first signal aborts, so that what runs stops in order; the second ends everything at once.
 * @param say told of the first
 * @returns takes the hooks away again
 */
export function onSignals(lease: Lease, abort: AbortController, say: (signal: NodeJS.Signals) => void): () => void {
  const handle = (signal: NodeJS.Signals) => {
    if (abort.signal.aborted) {
      lease.killNow()
      process.exit(130)
    }
    say(signal)
    abort.abort(new Error(`stopped by ${signal}`))
  }
  for (const signal of SIGNALS) process.on(signal, handle)
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle)
  }
}
