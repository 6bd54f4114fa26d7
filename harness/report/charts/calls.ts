// Offered load and what became of it, a second, for the agents that are measured: the picture of a server that holds is
// "good" lying on "offered" through the stress. Hostile agents are left out as in goodput; stress-calls.ts has them.
// Late answers (right, but after the SLO) have no line: they are the gap between offered and the other three.
import { isMeasured } from '../kinds.ts'
import { type Line, linesOver } from '../lines.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { onTimeAxis } from '../time-axis.ts'
import { chart } from './chart.ts'

export const fates: (Line & { key: 'offered' | 'good' | 'refused' | 'failed' })[] = [
  { key: 'offered', name: 'offered', colour: 'offered', dash: [7, 4], filled: true },
  { key: 'good', name: 'good', colour: 'good', dash: [] },
  { key: 'refused', name: 'refused', colour: 'refused', dash: [2, 3] },
  { key: 'failed', name: 'failed', colour: 'failed', dash: [9, 3, 2, 3] },
]

export const calls = chart({
  title: 'Calls per second',
  caption:
    'Measured agents, retries counted. Good: served, right, and within the SLO from the planned moment. Where good leaves offered, agents notice.',
  order: 10,
  needs: [],
  draw(history) {
    const moments = momentsOf(history, 120, isMeasured)
    return onTimeAxis(history, 150, [linesOver(history, fates, perSecond(moments))])
  },
})

export function perSecond(moments: readonly Moment[]) {
  return fates.flatMap(({ key, name }) =>
    moments.map((moment) => ({
      atS: (moment.fromMs + moment.toMs) / 2000,
      line: name,
      value: (moment[key] * 1000) / (moment.toMs - moment.fromMs),
    })),
  )
}
