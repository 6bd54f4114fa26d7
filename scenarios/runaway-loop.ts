// One agent calls the cheapest tool in a loop, a second one the most expensive, both with calls in parallel and beyond
// what the pools carry. Limits of an agent must turn them away with a true wait, so that the others do not notice.
//
// Capacity: the link to Postgres is 6 ms away each way and a pool has few connections, so that thirty calls at once are
// more than it carries. Not modelled: a runaway spread over several identities.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { cheapRefusal } from '../harness/checks/cheap-refusal.ts'
import { fairness } from '../harness/checks/fairness.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { scenario } from '../harness/scenario.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'One agent calls list_tables in a loop, 200 times in 30 seconds. The others must not notice.',
  source: 'seed 2, opening; seed 1, mistake 2',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 6 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  links: { postgres: { delayMs: 6 } },
  settings: {
    agentRatePerMinute: 240,
    agentBurst: 20,
    agentConcurrency: 4,
    agentToolRatePerMinute: 120,
    agentToolBurst: 10,
    poolMax: 3,
    queueMax: 8,
    acquireTimeoutMs: 400,
  },
  fleet: [
    steady({ agents: 12, role: 'cheapRead', everyMs: 600 }),
    steady({ agents: 4, role: 'expensiveRead', everyMs: 1_200 }),
    runawayLoop({ agents: 1, role: 'cheapRead', atOnce: 30, during: 'stress' }),
    runawayLoop({ agents: 1, role: 'expensiveRead', atOnce: 10, vary: 'arguments', during: 'stress' }),
  ],
  checks: [fairness(), limiterTrue(), retryAfterValid(), cheapRefusal(), poolBounded(), boundedTime(), recovers()],
  essential: ['fairness', 'retry-after-valid'],
})
