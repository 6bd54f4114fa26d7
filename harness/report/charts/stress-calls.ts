// The calls of the hostile agents, which are the stress itself: how hard they pushed, and how much of it got in.
// On a scale of its own, since a runaway loop dwarfs those that it disturbs. Left out when the scenario has none.
import { linesOver } from '../lines.ts'
import { momentsOf } from '../moments.ts'
import { onTimeAxis } from '../time-axis.ts'
import { fates, perSecond } from './calls.ts'
import { chart } from './chart.ts'

export const stressCalls = chart({
  title: 'Calls per second of the agents that are the stress',
  caption:
    'Not counted in goodput. A limit that holds shows as good staying flat while offered rises. Mind the scale: it is not that of the chart above.',
  order: 20,
  needs: [],
  draw(history) {
    if (!history.plan.agents.some((agent) => agent.hostile)) return undefined
    const moments = momentsOf(history, 120, ({ hostile }) => hostile)
    return onTimeAxis(history, 110, [linesOver(history, fates, perSecond(moments))])
  },
})
