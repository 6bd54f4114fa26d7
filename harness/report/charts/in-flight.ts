// Calls in flight at once, of all agents: what the server holds in its hands. A line that climbs through the stress and does not come down
// with its end is a backlog that outlives its cause. The most of each moment, as the agents saw it;
// beside it what the server says of itself.
import type { History } from '../../history/history.ts'
import { ascending, countBelow } from '../../history/sorted.ts'
import { type Line, linesOver, type Point } from '../lines.ts'
import { stepMs } from '../moments.ts'
import { largest, seriesOf } from '../series.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'

const MOST = 120

const byAgents: Line = { name: 'by the agents', colour: 'good', dash: [], filled: true }
const byServer: Line[] = [
  { name: 'by the server', colour: 'other', dash: [5, 3] },
  { name: 'by the server 2', colour: 'other-2', dash: [2, 2] },
  { name: 'by the server 3', colour: 'slow', dash: [9, 3] },
]

export const inFlight = chart({
  title: 'Calls in flight',
  caption: 'The most at once in each moment, all agents. What stays up after the stress is a backlog.',
  order: 36,
  needs: [],
  draw(history) {
    if (history.calls.length === 0) return undefined
    const told = seriesOf(history, 'inFlight').slice(0, byServer.length)
    const lines = [byAgents, ...told.map(({ label }, i) => named(byServer[i] ?? byAgents, label))]
    const points = [
      ...mostAtOnce(history),
      ...told.flatMap((series, i) =>
        largest(history, series, MOST).map(({ fromMs, value }): Point => ({ atS: fromMs / 1000, line: lines[i + 1]?.name ?? '', value })),
      ),
    ]
    return onTimeAxis(history, 90, [linesOver(history, lines, points, { axis: { tickMinStep: 1, format: 'd' } })])
  },
})

function named(line: Line, label: string): Line {
  return label === '' ? line : { ...line, name: `by ${label}` }
}

/** Starts and ends as two sorted arrays of numbers: a million calls need no million objects. */
function mostAtOnce(history: History): Point[] {
  const { calls, plan } = history
  const step = stepMs(history, MOST)
  const starts = ascending(calls, ({ sentAtMs }) => sentAtMs)
  const ends = ascending(calls, ({ endedAtMs = Number.POSITIVE_INFINITY }) => endedAtMs)
  // What is in flight when a moment begins was so before.
  const most = Array.from({ length: Math.max(1, Math.ceil(plan.endsAtMs / step)) }, (_, moment) =>
    moment === 0 ? 0 : countBelow(starts, moment * step) - countBelow(ends, moment * step),
  )
  let ended = 0
  for (let begun = 0; begun < starts.length; begun++) {
    const atMs = starts[begun] as number
    while ((ends[ended] as number) <= atMs) ended++
    const moment = Math.min(most.length - 1, Math.floor(Math.max(0, atMs) / step))
    most[moment] = Math.max(most[moment] as number, begun + 1 - ended)
  }
  return most.map((value, i) => ({ atS: ((i + 0.5) * step) / 1000, line: byAgents.name, value }))
}
