// Redis, where budgets are counted, goes away for longer than any deadline. Reads go on under the declared fallback, what must not run
// uncounted is refused, nobody waits for Redis, and loops that run meanwhile are still held: one reads, one writes. Who is no loop only
// reads, since a server may turn every write away until it can count.
//
// Not modelled: a Redis that fails over with half of its data.
import { alertsFire } from '../harness/checks/alerts-fire.ts'
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { costBudget } from '../harness/checks/cost-budget.ts'
import { fairness } from '../harness/checks/fairness.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { quotaHeadersTrue } from '../harness/checks/quota-headers-true.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { redisFrozen } from '../harness/faults/redis-frozen.ts'
import { scenario } from '../harness/scenario.ts'
import { observer } from './personas/observer.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'Redis stalled for two minutes: some servers waited 24 s a request, others let everybody in, uncounted.',
  source: 'OpenWA#932',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 9 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  windows: [{ id: 'frozen', faults: [redisFrozen()] }],
  settings: {
    agentRatePerMinute: 240,
    agentBurst: 20,
    agentConcurrency: 8,
    agentToolRatePerMinute: 120,
    agentToolBurst: 10,
  },
  fleet: [
    steady({ agents: 14, role: 'cheapRead', everyMs: 1_000 }),
    observer({ agents: 2, role: 'cheapRead' }),
    runawayLoop({ agents: 1, role: 'cheapRead', atOnce: 6, during: 'stress' }),
    runawayLoop({ agents: 1, role: 'write', atOnce: 3, pauseMs: 100, during: 'stress', ifOffered: true }),
  ],
  checks: [
    limiterTrue(),
    fairness(),
    boundedTime(),
    retryAfterValid(),
    quotaHeadersTrue(),
    costBudget(),
    poolBounded(),
    recovers(),
    alertsFire(),
  ],
  essential: ['limiter-true', 'bounded-time'],
})
