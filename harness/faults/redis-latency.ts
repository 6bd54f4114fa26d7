// A Redis that has become slow to reach: another zone, a saturated card, a neighbour that forks. Where every request asks
// the limiter first, each gets slower by it, until a timeout says that the limiter must be done without.
// Parameters: delayMs (300; 1 to 60,000) each way, jitterMs (0; 0 to 30,000) more or less, drawn from seed (0). Both may grow.
// stream (both; or upstream, downstream): one way only. toxicity (1; from 0.05): of this share of the connections, drawn as well.
// What it does not model: a Redis that is busy (redis-busy) or frozen (redis-frozen), slow connecting.
import { dependencyCanary } from './dependency-canary.ts'
import { fault } from './fault.ts'
import { delayLink, latencyParameters } from './link-latency.ts'
import { neededLink } from './needed.ts'

export const redisLatency = fault({
  summary: 'Delays every byte between the server and Redis.',
  source: 'toxiproxy, latency; seed 1, "Rate limiting"',
  dependency: 'redis',
  needs: ['link'],
  faithful: 'The server sees slow answers in the right order, as with pipelining over a long line; Redis itself stays idle.',
  parameters: latencyParameters,
  grows: ['delayMs', 'jitterMs'],
  async inject(environment, parameters, signal) {
    const link = neededLink(environment, 'redis')
    return await delayLink(link, parameters, (stop) => dependencyCanary(environment, 'redis', stop), signal)
  },
})
