// Redis, where budgets are counted, fails four ways, one after the other: it is gone and comes back empty, it hangs for longer than any
// deadline, it is slow to reach, and it is emptied while it runs. Reads go on under the declared fallback, what must not run uncounted is
// refused, nobody waits for Redis, and loops that run meanwhile are still held: one reads, one writes. What was lost is a budget begun anew,
// no more. Who is no loop only reads, since a server may turn every write away until it can count.
//
// The hang comes after the restart, so that it meets clients that have connected anew; Redis is emptied last and in the middle of the
// loops, which have spent their bursts by then. Not modelled: a Redis that fails over with half of its data.
import { alertsFire } from '../harness/checks/alerts-fire.ts'
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { costBudget } from '../harness/checks/cost-budget.ts'
import { fairness } from '../harness/checks/fairness.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { quotaHeadersTrue } from '../harness/checks/quota-headers-true.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { redisFlushed } from '../harness/faults/redis-flushed.ts'
import { redisFrozen } from '../harness/faults/redis-frozen.ts'
import { redisLatency } from '../harness/faults/redis-latency.ts'
import { redisRefused } from '../harness/faults/redis-refused.ts'
import { scenario } from '../harness/scenario.ts'
import { observer } from './personas/observer.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'Redis stalled for two minutes: some servers waited 24 s a request, others let everybody in, uncounted.',
  source: 'OpenWA#932',
  phases: {
    quick: { warmUpS: 2, steadyS: 5, stressS: 2, recoveryS: 3.25 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 },
  },
  windows: [
    { id: 'stopped', faults: [redisRefused()] },
    // Longer than the deadlines, of which the longest is 3 s.
    { id: 'stalled', faults: [redisFrozen()], lengths: { quick: { stressS: 4 } } },
    { id: 'slow', faults: [redisLatency()] },
    { id: 'flushed', faults: [redisFlushed({}, { from: 0.5 })] },
  ],
  settings: {
    agentRatePerMinute: 240,
    agentBurst: 20,
    agentConcurrency: 8,
    agentToolRatePerMinute: 120,
    agentToolBurst: 10,
  },
  fleet: [
    steady({ agents: 28, role: 'cheapRead', everyMs: 800 }),
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
