// Agents spend a small budget, are told to wait four to six seconds, wait exactly that long, and must then be let in. A few spend the
// budget of an expensive tool as well; one agent hammers meanwhile, for longer than a refill takes, so that a window with an edge shows its
// edge, and a wait that is far too long how soon the budget was free.
//
// A call and the next ones of the same task follow at once: the second finds the budget spent and one refill, five seconds, to wait. Each
// agent has one call under way, so nobody else can take the place. Refusals in the steady phase are what it is about.
// Not modelled: agents that share a budget; waits of minutes.
import { baselineSteady } from '../harness/checks/baseline-steady.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { quotaHeadersTrue } from '../harness/checks/quota-headers-true.ts'
import { retryAfterHonest } from '../harness/checks/retry-after-honest.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { scenario } from '../harness/scenario.ts'
import { polite } from './personas/polite.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'The server said when to come back. Agents that obeyed to the letter were refused again, so nobody obeys any more.',
  source: 'seed 1, "Return codes that agents actually understand"; langfuse#16058',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 7, recoveryS: 7 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  settings: { agentRatePerMinute: 12, agentBurst: 1, agentConcurrency: 4, agentToolRatePerMinute: 10, agentToolBurst: 1 },
  fleet: [
    polite({ agents: 24, role: 'cheapRead', calls: 3, everyMs: 18_000, jitterShare: 0 }),
    polite({ agents: 8, role: 'expensiveRead', calls: 2, everyMs: 16_000, jitterShare: 0 }),
    // As often as the budget allows, and never more.
    steady({ agents: 14, role: 'cheapRead', everyMs: 5_100, jitterShare: 0 }),
    runawayLoop({ agents: 1, role: 'cheapRead', atOnce: 2, pauseMs: 150, during: 'stress' }),
  ],
  checks: [
    retryAfterHonest(),
    retryAfterValid(),
    limiterTrue(),
    quotaHeadersTrue(),
    poolBounded(),
    baselineSteady({ refusals: 'allowed', leastPlanned: 15 }),
  ],
  essential: ['retry-after-honest', 'retry-after-valid', 'limiter-true', 'quota-headers-true'],
})
