// What a check's `judge` returns, in the few forms that recur.
import type { Call } from '../history/event.ts'
import type { Finding } from './check.ts'

/** There was nothing to look at: a pass without weight, unknown where the scenario calls the check essential. */
export function notExercised(says: string): Finding {
  return { status: 'pass', samples: 0, says, notExercised: true }
}

export function unknown(says: string, rest: Partial<Finding> = {}): Finding {
  return { samples: 0, ...rest, status: 'unknown', says }
}

/**
 * Of several windows: the first fail, else the first unknown.
 * @param found at least one
 * @param best told when all of them held
 */
export function worst<F extends Pick<Finding, 'status'>>(found: readonly F[], best = found[0]): F {
  return found.find(({ status }) => status === 'fail') ?? found.find(({ status }) => status === 'unknown') ?? (best as F)
}

/** History indexes, for `witnesses`. */
export function indexes(calls: readonly Call[]): number[] {
  return calls.map((call) => call.index)
}

/** 0.934 → "93.4 %". */
export function percent(share: number): string {
  return Number.isNaN(share) ? 'none' : `${Math.round(share * 1_000) / 10} %`
}

/** 4 → "4 ms", 12,340 → "12.3 s". */
export function time(ms: number): string {
  return Math.abs(ms) < 1_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`
}

/** 1 call, 2 calls. */
export function some(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
