// When each circuit breaker was open, as the server's own metric says it: a breaker that opens soon after the fault begins
// and closes soon after it ends is the defence at work. One lane a breaker and instance.
// Known to a sampling period only; whether the server stopped calling is judged at the proxy, not here.
import { seriesOf } from '../series.ts'
import { lanesOverTime } from '../state-lanes.ts'
import { chart } from './chart.ts'

export const breaker = chart({
  title: 'Breaker',
  caption: 'A filled block: open, calls to the dependency are refused at once. A thin line: closed.',
  order: 50,
  needs: ['observe.metrics.breakerOpen'],
  draw(history) {
    const lanes = seriesOf(history, 'breakerOpen')
    return lanes.length === 0 ? undefined : lanesOverTime(history, lanes, { name: 'breaker', on: 'open', colour: 'failed' })
  },
})
