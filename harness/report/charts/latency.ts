// How long the served calls of measured agents took, from the planned moment to the answer: a median that stays while the
// p99 climbs is queueing; both climbing is slowness. Logarithmic, since a fault moves times by factors.
// Only ok calls: refusals are fast on purpose, and mixed in they would flatter; latency-refused.ts has those.
import { isMeasured } from '../kinds.ts'
import { type Line, linesOver, type Point } from '../lines.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'

const lines: (Line & { quantile: 0 | 1 | 2 })[] = [
  { name: 'p50', colour: 'good', dash: [], quantile: 0 },
  { name: 'p99', colour: 'slow', dash: [6, 3], quantile: 1 },
  { name: 'p99.9', colour: 'offered', dash: [2, 2], quantile: 2 },
]

export const latency = chart({
  title: 'Time to the answer: served calls',
  caption: 'Measured agents, from the planned moment; logarithmic. A break: nothing was served.',
  order: 30,
  needs: [],
  draw(history) {
    const moments = momentsOf(history, 120, isMeasured)
    const points = lines.flatMap(({ name, quantile }) => latencyPoints(moments, name, 'ok', quantile))
    if (points.every((point) => point.value === null)) return undefined
    return onTimeAxis(history, 130, [linesOver(history, lines, points, logarithmic)])
  },
})

export function latencyPoints(moments: readonly Moment[], line: string, of: keyof Moment['latencyMs'], quantile: 0 | 1 | 2): Point[] {
  return moments.map(({ fromMs, toMs, latencyMs }) => {
    const value = latencyMs[of]?.[quantile]
    return { atS: (fromMs + toMs) / 2000, line, value: value === undefined ? null : Math.max(1, value) }
  })
}

/** Milliseconds on a logarithmic axis: `10 ms`, `1 s`. */
export const logarithmic = {
  scale: { type: 'log', nice: true, domainMax: undefined },
  axis: {
    labelExpr: "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g') + ' ms'",
    values: [1, 10, 100, 1_000, 10_000, 100_000],
  },
}
