// How many bursts more than its budget says a limiter in Redis may let in, and when: for limiter-true and fairness. While Redis is away a
// process decides by itself, from a burst of its own (the declared mode): one more, until it counts in Redis again. Where Redis has lost
// what it held, budgets begin anew: one more. A window that holds neither moment gets nothing. Pure.
//
// The first reading of observe.metrics.limiterLocal that is 0 after the heal tells when a process is back; without it, the declared open
// time of its breaker and two probes; without either nobody knows. Not modelled: faults of a user's own that empty Redis.
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { points } from '../history/samples.ts'
import type { Stretch } from '../history/stretch.ts'

export interface Extra extends Stretch {
  bursts: number
}

/** Over as soon as it has happened: Redis answers all the time, with nothing in it. */
export const FLUSHED = 'redis-flushed'
/** Redis goes on, or comes back, with nothing in it. */
const EMPTIES: ReadonlySet<string> = new Set([FLUSHED, 'redis-refused'])
/** Two probes of a second, as breaker-recovers has them. ours */
export const PROBES_MS = 2_000

/** Faults by which nobody could ask Redis for a while. */
export function awayIn(history: History): FaultRecord[] {
  return faultsOf(history).filter(({ fault, dependency }) => dependency === 'redis' && fault !== FLUSHED)
}

/** In which stretches more may have been let in. */
export function extraBursts(history: History): Extra[] {
  const backAt = backIn(history)
  const away = awayIn(history).map((one) => ({ fromMs: one.beginsMs, toMs: backAt(one), bursts: 1 }))
  const emptied = faultsOf(history).filter(({ fault, dependency }) => dependency === 'redis' && EMPTIES.has(fault))
  const lost = emptied.map(({ fault, beginsMs, fromMs, overMs }) => ({
    fromMs: beginsMs,
    toMs: fault === FLUSHED ? fromMs : overMs,
    bursts: 1,
  }))
  return [...away, ...lost]
}

/** Bursts more in a window: those of every stretch that it touches. */
export function burstsIn(extra: readonly Extra[], { fromMs, toMs }: Stretch): number {
  return extra.reduce((sum, one) => (one.fromMs <= toMs && one.toMs >= fromMs ? sum + one.bursts : sum), 0)
}

/**
 * Tells of a window whether a server whose Redis the harness proxies may have lost sight of it there without any fault: it does not say that
 * it never did, or says that it did in this window and in no stretch that is counted already.
 */
export function lapsesOf(history: History, extra: readonly Extra[]): (window: Stretch) => boolean {
  if (history.manifest.offers['link:redis'] !== true) return () => false
  const local = points(history, 'limiterLocal')
  if (local.length === 0) return () => true
  const isCounted = (atMs: number) => extra.some((one) => atMs >= one.fromMs && atMs <= one.toMs)
  const alone = local.filter(({ atMs, value }) => value === 1 && !isCounted(atMs))
  return ({ fromMs, toMs }) => {
    // A reading tells what has been since the one before.
    const next = local.find(({ atMs }) => atMs > toMs)?.atMs ?? toMs
    return alone.some(({ atMs }) => atMs >= fromMs && atMs <= next)
  }
}

function backIn(history: History): (fault: FaultRecord) => number {
  const { breakerOpenMs } = history.manifest.declared
  const series = [...Map.groupBy(points(history, 'limiterLocal'), (point) => point.series).values()]
  const told = series.filter((own) => own.some(({ value }) => value === 0))
  return ({ overMs }) => {
    if (told.length === 0) return breakerOpenMs === undefined ? Number.POSITIVE_INFINITY : overMs + breakerOpenMs + PROBES_MS
    return Math.max(...told.map((own) => own.find(({ atMs, value }) => atMs > overMs && value === 0)?.atMs ?? Number.POSITIVE_INFINITY))
  }
}
