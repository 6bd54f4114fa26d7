// Whatever stands in somebody's target may hang: the run does not.
import { HarnessError } from '../errors.ts'

/**
 * @param what which function of the target's, for the error
 * @throws HarnessError `TARGET_HANGS`; the signal's reason; what the work throws
 */
export async function within<T>(ms: number, what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop)
  const hangs = new HarnessError(
    'TARGET_HANGS',
    `${what} gave nothing within ${ms / 1_000} s`,
    'give it a deadline of its own, and look what it waits for',
  )
  const timer = setTimeout(() => reject(hangs), ms)
  try {
    return await Promise.race([work(), ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
