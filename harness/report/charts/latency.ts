// How long the served calls of measured agents took, from the planned moment to the answer: a median that stays while the
// p99 climbs is queueing; both climbing is slowness. Logarithmic, since a fault moves times by factors.
// Only ok calls: refusals are fast on purpose, and mixed in they would flatter.
import { measured } from '../../history/queries.ts'
import { type Line, linesOver } from '../lines.ts'
import { momentsOf } from '../moments.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'

const lines: Line[] = [
  { name: 'p50', colour: 'good', dash: [] },
  { name: 'p99', colour: 'slow', dash: [6, 3] },
]

export const latency = chart({
  title: 'Time to the answer',
  caption: 'Served calls of measured agents, from their planned moment; logarithmic. A break: nothing was served.',
  order: 30,
  needs: [],
  draw(history) {
    const moments = momentsOf(history, 120, measured)
    const points = (['latencyMsP50', 'latencyMsP99'] as const).flatMap((key, i) =>
      moments.map((moment) => ({
        atS: (moment.fromMs + moment.toMs) / 2000,
        line: lines[i]?.name ?? '',
        value: moment[key] === undefined ? null : Math.max(1, moment[key]),
      })),
    )
    if (points.every((point) => point.value === null)) return undefined
    const labelExpr = "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g') + ' ms'"
    return onTimeAxis(history, 130, [
      linesOver(history, lines, points, {
        scale: { type: 'log', nice: true, domainMax: undefined },
        axis: { labelExpr, values: [1, 10, 100, 1_000, 10_000, 100_000] },
      }),
    ])
  },
})
