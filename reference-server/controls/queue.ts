// The line before a pool: bounded in length, and nobody waits who cannot be served in time.
// pg's own queue has no end and no timer: with a slow database 5,000 callers stand in it, and each that is served at last
// has long gone away. Here a caller is refused at once when the line is full, or when the callers ahead, at the median hold,
// would leave it no time for its own; and it is refused when ACQUIRE_TIMEOUT_MS passes, or when it could no longer finish.
// First come, first served. Does not model: priorities.
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'

export interface QueueOptions {
  name: string
  slots: number
  waitingMax: number
  acquireTimeoutMs: number
  clock: () => number
  /** 0 ≤ x < 1: spreads the hints of those refused together. */
  random: () => number
  waited: (ms: number) => void
}

export interface Queue {
  readonly waiting: number
  /** High-water mark since the start. */
  readonly waitingMax: number
  /** Slots handed out. */
  readonly taken: number
  /**
   * A place among the slots; leave() gives it back, exactly once.
   * @param typicalMs median time for which a slot is held, 0 when unknown
   * @throws CallError QUEUE_FULL, or the call's own abort reason
   */
  enter(call: Call, typicalMs: number): Promise<void>
  leave(): void
}

interface Waiter {
  admit(): void
}

export function boundedQueue(options: QueueOptions): Queue {
  const { slots, waitingMax, acquireTimeoutMs, clock, waited } = options
  const line = new Set<Waiter>()
  let taken = 0
  let highest = 0

  const full = (why: string, typicalMs: number): CallError => {
    const drainMs = Math.max(1_000, ((line.size + 1) * typicalMs) / slots)
    const retryAfterMs = Math.ceil(drainMs * (1 + options.random() / 2))
    const wait = Math.ceil(retryAfterMs / 1_000)
    return new CallError('QUEUE_FULL', `${why}; ask again in ${wait} s.`, { scope: options.name, limit: waitingMax, retryAfterMs })
  }

  return {
    get waiting() {
      return line.size
    },
    get waitingMax() {
      return highest
    },
    get taken() {
      return taken
    },
    enter(call, typicalMs) {
      call.abort.signal.throwIfAborted()
      if (taken < slots && line.size === 0) {
        taken += 1
        waited(0)
        return Promise.resolve()
      }
      if (line.size >= waitingMax) return Promise.reject(full('Too many calls are waiting for this tool', typicalMs))
      const startedMs = clock()
      // Whoever gets a slot must still have the time to use it.
      const patienceMs = Math.min(acquireTimeoutMs, call.deadlineAtMs - startedMs - typicalMs)
      if (((line.size + 1) * typicalMs) / slots > patienceMs)
        return Promise.reject(full('The wait for this tool is longer than the call may take', typicalMs))
      return new Promise<void>((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer)
          call.abort.signal.removeEventListener('abort', onAbort)
          line.delete(waiter)
          waited(clock() - startedMs)
        }
        const give = (reason: unknown): void => {
          settle()
          reject(reason)
        }
        const onAbort = (): void => give(call.abort.signal.reason)
        const waiter: Waiter = {
          admit() {
            settle()
            resolve()
          },
        }
        const timer = Number.isFinite(patienceMs)
          ? setTimeout(() => give(full('No turn came in time', typicalMs)), Math.max(0, patienceMs))
          : undefined
        call.abort.signal.addEventListener('abort', onAbort, { once: true })
        line.add(waiter)
        highest = Math.max(highest, line.size)
      })
    },
    leave() {
      const [first] = line
      // The slot passes from hand to hand, so nobody who has just come can slip in between.
      if (first) first.admit()
      else taken -= 1
    },
  }
}
