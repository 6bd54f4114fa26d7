// Delay of the server's event loop, as its own metric says it: a loop that is held up for 200 ms answers nobody meanwhile, not even with a
// refusal. The largest p99 of each moment, an instance a line. What holds the loop is not seen here; the server's own profiler tells.
import { type Line, linesOver } from '../lines.ts'
import { largest, seriesOf } from '../series.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'

const looks: Pick<Line, 'colour' | 'dash'>[] = [
  { colour: 'slow', dash: [] },
  { colour: 'other', dash: [6, 3] },
  { colour: 'good', dash: [2, 2] },
  { colour: 'refused', dash: [9, 3, 2, 3] },
]

export const eventLoop = chart({
  title: 'Event-loop delay',
  caption: 'p99 as the server measures it, the largest sample of each moment. Under 70 ms nobody notices.',
  order: 60,
  needs: ['observe.metrics.loopDelaySecondsP99'],
  draw(history) {
    const all = seriesOf(history, 'loopDelaySecondsP99').slice(0, looks.length)
    if (all.length === 0) return undefined
    const lines = all.map(({ label }, i): Line => ({ name: label || 'event loop', ...(looks[i] ?? { colour: 'slow', dash: [] }) }))
    const points = all.flatMap((series, i) =>
      largest(history, series, 120).map(({ fromMs, value }) => ({ atS: fromMs / 1000, line: lines[i]?.name ?? '', value: value * 1000 })),
    )
    return onTimeAxis(history, 80, [linesOver(history, lines, points, { axis: { labelExpr: "datum.label + ' ms'" } })])
  },
})
