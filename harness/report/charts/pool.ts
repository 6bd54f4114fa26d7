// Connections in use and callers waiting for one, of every pool that the target shows: a pool at its declared most with a
// queue that grows is the overload; a queue at its cap with fast refusals is a bulkhead that holds.
// The largest sample of each moment. Samples are a second or so apart: shorter peaks are not seen here.
import type { History } from '../../history/history.ts'
import { type Line, linesOver, type Point } from '../lines.ts'
import { largest, seriesOf } from '../series.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'

const kinds = [
  { name: 'poolUsed', word: 'used', colours: ['good', 'other', 'good-2', 'other-2'], dash: [] },
  { name: 'poolWaiting', word: 'waiting', colours: ['refused', 'failed', 'refused-2', 'failed-2'], dash: [3, 3] },
]

export const pool = chart({
  title: 'Pool: connections used, callers waiting',
  caption: 'The largest sample of each moment, pool by pool; what stayed at 0 is left out.',
  order: 40,
  needs: ['observe.metrics.poolUsed'],
  draw(history) {
    const drawn = kinds.flatMap((kind) =>
      seriesOf(history, kind.name)
        .filter(({ samples }) => samples.some(({ value }) => value > 0))
        .slice(0, 4)
        .map((series, i) => ({ kind, series, i })),
    )
    if (drawn.length === 0) return undefined
    const lines = drawn.map(
      ({ kind, series, i }): Line => ({
        name: [...new Set([kind.word, series.label])].filter(Boolean).join(' · '),
        colour: kind.colours[i] ?? 'offered',
        dash: kind.dash.length > 0 ? kind.dash.map((px) => px + 2 * i) : i > 0 ? [10 + 4 * i, 3] : [],
      }),
    )
    const points = drawn.flatMap(({ series }, at) => pointsOf(history, lines[at]?.name ?? '', largest(history, series, 120)))
    return onTimeAxis(history, 110, [linesOver(history, lines, points, { axis: { tickMinStep: 1, format: 'd' } })])
  },
})

function pointsOf(history: History, line: string, tops: { fromMs: number; value: number }[]): Point[] {
  return tops.map(({ fromMs, value }) => ({ atS: Math.min(fromMs, history.plan.endsAtMs) / 1000, line, value }))
}
