// A limiter that goes on counting by itself though its Redis has long been back: within the declared open time of its breaker and two probes
// of a second it must count there again, where it tells (observe.metrics.limiterLocal) and calls came by which it must notice. Pure.
// Not modelled: one that is back before the last fault at Redis, but late.
import { byEnd } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { instancesOf } from '../history/instances.ts'
import { points } from '../history/samples.ts'
import type { Finding } from './check.ts'
import { awayIn, PROBES_MS } from './extra-bursts.ts'
import { indexes, time } from './finding.ts'

const WITNESSES = 20
/** Calls by which it must have noticed. ours */
const NOTICED_BY = 20

/** An instance that counts for itself though Redis has long been back. */
export function stillLocal(history: History): Finding | undefined {
  const { breakerOpenMs } = history.manifest.declared
  const heals = awayIn(history).map(({ overMs }) => overMs)
  if (breakerOpenMs === undefined || heals.length === 0) return undefined
  const [healedMs, limit] = [Math.max(...heals), breakerOpenMs + PROBES_MS]
  const since = byEnd(history).filter(({ sentAtMs }) => sentAtMs > healedMs + limit)
  const noticedAtMs = since[NOTICED_BY * instancesOf(history) - 1]?.endedAtMs ?? Number.POSITIVE_INFINITY
  for (const [series, all] of Map.groupBy(points(history, 'limiterLocal'), (point) => point.series)) {
    const own = all.filter(({ atMs }) => atMs > noticedAtMs)
    const last = own.at(-1)
    // One that never read 0 tells something else.
    if (!last || own.some(({ value }) => value !== 1) || !all.some(({ value }) => value === 0)) continue
    const tookMs = Math.round(last.atMs - healedMs)
    return {
      status: 'fail',
      timed: true,
      measured: tookMs,
      limit,
      unit: 'ms after the heal',
      samples: own.length,
      says: `${series} was still 1 ${time(tookMs)} after Redis was back: it counts for itself, and no other instance sees what it lets in`,
      witnesses: indexes(since.slice(0, WITNESSES)),
    }
  }
  return undefined
}
