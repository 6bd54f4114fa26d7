// How long it took to be told no, and how long to fail: a refusal must be fast, since a slow one holds what it was meant to save; a failure
// that takes as long as the client's patience is a hang. Measured agents, from the planned moment; lost calls end when the client gave up.
// Left out when nothing was refused and nothing failed.
import { isMeasured } from '../kinds.ts'
import { type Line, linesOver } from '../lines.ts'
import { momentsOf } from '../moments.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'
import { latencyPoints, logarithmic } from './latency.ts'

const lines: (Line & { of: 'refused' | 'failed'; quantile: 0 | 1 })[] = [
  { name: 'refused p50', colour: 'refused', dash: [], of: 'refused', quantile: 0 },
  { name: 'refused p99', colour: 'refused', dash: [6, 3], of: 'refused', quantile: 1 },
  { name: 'failed p50', colour: 'failed', dash: [2, 2], of: 'failed', quantile: 0 },
  { name: 'failed p99', colour: 'failed', dash: [9, 3, 2, 3], of: 'failed', quantile: 1 },
]

export const latencyRefused = chart({
  title: 'Time to the answer: refused and failed calls',
  caption: 'Measured agents, from the planned moment; logarithmic. A refusal should take milliseconds, whatever else goes wrong.',
  order: 32,
  needs: [],
  draw(history) {
    const moments = momentsOf(history, 120, isMeasured)
    const seen = lines.filter(({ of }) => moments.some(({ latencyMs }) => latencyMs[of]))
    if (seen.length === 0) return undefined
    const points = seen.flatMap(({ name, of, quantile }) => latencyPoints(moments, name, of, quantile))
    return onTimeAxis(history, 110, [linesOver(history, seen, points, logarithmic)])
  },
})
