// Which limiter was at work: the shared one, or each instance's own because the store of the shared one was away. Budgets are looser, or
// counted several times, while it is local; a lane that stays local after the heal is a limiter that did not find its way back.
import { seriesOf } from '../series.ts'
import { lanesOverTime } from '../state-lanes.ts'
import { chart } from './chart.ts'

export const limiterMode = chart({
  title: 'Limiter',
  caption: 'A filled block: each instance counts for itself, since the shared store is away. A thin line: budgets are shared.',
  order: 52,
  needs: [],
  draw(history) {
    const lanes = seriesOf(history, 'limiterLocal')
    if (!lanes.some(({ samples }) => samples.some(({ value }) => value >= 1))) return undefined
    return lanesOverTime(history, lanes, { name: 'limiter', on: 'local', colour: 'refused' })
  },
})
