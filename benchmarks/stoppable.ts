// Ctrl-C for a benchmark that has started services: whatever it waits for is given up, so that its `await using` ends what it has started.
// A second one ends it at once.
import { once } from 'node:events'

/** Aborts on Ctrl-C, or when it is told to end. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(`stopped by ${name}`)))
  return stop.signal
}

/** @throws the signal's reason as soon as it aborts: the work is not waited for then */
export async function unlessStopped(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await Promise.race([work(), once(signal, 'abort').then(() => signal.throwIfAborted())])
}
