// A run cut into equal moments, at most `most` of them: charts and the table of figures are drawn from these, so a run of
// a million calls makes a page no larger than one of a thousand. A call belongs to the moment in which it was sent.
// offered = good + late + refused + failed. `late`: answered, but not correct or not within the role's SLO; `refused`: the
// server turned it away on purpose; `failed`: all else, lost calls too. Times from the planned moment, so that a slow
// server cannot hide behind a generator that waits for it (coordinated omission).
import type { CallClass } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { quantile } from '../history/quantiles.ts'
import { type Alike, kindsOf } from './kinds.ts'

export interface Moment {
  fromMs: number
  toMs: number
  offered: number
  good: number
  late: number
  refused: number
  failed: number
  /** p50, p99 and p99.9 of ended calls, ms from the planned moment; absent where there was none. `ok`: good and late. */
  latencyMs: { ok?: Quantiles; refused?: Quantiles; failed?: Quantiles }
}

export type Quantiles = readonly [p50: number, p99: number, p999: number]

const turnedAway: ReadonlySet<CallClass> = new Set(['refused', 'shed', 'queue', 'draining'])

export type Fate = 'good' | 'late' | 'refused' | 'failed'

export function fate(call: Pick<Alike, 'good' | 'outcome' | 'class'>): Fate {
  if (call.good) return 'good'
  if (call.outcome === 'ok') return 'late'
  return turnedAway.has(call.class) ? 'refused' : 'failed'
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400]

/** Length of a moment, ms: whole seconds, the shortest with which the run needs no more than `most` of them. */
export function stepMs(history: History, most: number): number {
  const seconds = history.plan.endsAtMs / 1000
  const step = steps.find((length) => seconds / length <= most) ?? Math.ceil(seconds / most)
  return step * 1000
}

const everybody = () => true

/** What was cut before: several charts ask the same of one history, and a long run takes seconds to cut. */
const cut = new WeakMap<History, Map<Who, Map<number, readonly Moment[]>>>()

type Who = (alike: Alike) => boolean

/** @param who which calls count; without it, all */
export function momentsOf(history: History, most: number, who: Who = everybody): readonly Moment[] {
  const byWho = cut.get(history) ?? new Map<Who, Map<number, readonly Moment[]>>()
  const byMost = byWho.get(who) ?? new Map<number, readonly Moment[]>()
  const moments = byMost.get(most) ?? cutInto(history, most, who)
  cut.set(history, byWho.set(who, byMost.set(most, moments)))
  return moments
}

function cutInto(history: History, most: number, who: Who): Moment[] {
  const step = stepMs(history, most)
  const length = Math.max(1, Math.ceil(history.plan.endsAtMs / step))
  const moments = Array.from({ length }, (_, i): Moment => emptyMoment(i * step, Math.min((i + 1) * step, history.plan.endsAtMs)))
  const latencies = moments.map(() => ({ ok: [] as number[], refused: [] as number[], failed: [] as number[] }))
  for (const { alike, calls } of kindsOf(history.calls)) {
    if (!who(alike)) continue
    const became = fate(alike)
    const of = became === 'refused' || became === 'failed' ? became : 'ok'
    for (const { sentAtMs, endedAtMs, plannedAtMs } of calls) {
      const at = Math.floor(sentAtMs / step)
      const moment = moments[at]
      if (!moment) continue
      moment.offered++
      moment[became]++
      if (endedAtMs !== undefined) latencies[at]?.[of].push(endedAtMs - plannedAtMs)
    }
  }
  return moments.map((moment, at) => ({ ...moment, latencyMs: quantilesOf(latencies[at] ?? {}) }))
}

function quantilesOf(latencies: Partial<Record<keyof Moment['latencyMs'], number[]>>): Moment['latencyMs'] {
  const found: Moment['latencyMs'] = {}
  for (const [of, values] of Object.entries(latencies) as [keyof Moment['latencyMs'], number[]][]) {
    const sorted = new Float64Array(values).sort()
    if (sorted.length > 0) found[of] = [quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 0.999)]
  }
  return found
}

function emptyMoment(fromMs: number, toMs: number): Moment {
  return { fromMs, toMs, offered: 0, good: 0, late: 0, refused: 0, failed: 0, latencyMs: {} }
}
