// A fleet of planners that fan out: twenty-odd calls arrive within milliseconds of each other and ask for more connections
// than there are. What is over the pools must wait briefly or be told to come back; the number of connections must not grow.
//
// Bursts ask for well over twice the pools at once (the plan states its peak concurrency). Probes that wait for a connection with all the
// others die here. Not modelled: log-ins that do.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { liveNotReady } from '../harness/checks/live-not-ready.ts'
import { loopHealthy } from '../harness/checks/loop-healthy.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { queueBounded } from '../harness/checks/queue-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { scenario } from '../harness/scenario.ts'
import { bursty } from './personas/bursty.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'Twenty-three planners start within a minute and pin every connection; log-in and health checks die with them.',
  source: 'seed 2, "The Production Gotcha"; xorbitsai/xagent#889',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 6 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  links: { postgres: { delayMs: 4 } },
  settings: {
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    poolMax: 4,
    queueMax: 16,
    acquireTimeoutMs: 500,
  },
  fleet: [
    steady({ agents: 10, role: 'cheapRead', everyMs: 700 }),
    steady({ agents: 4, role: 'expensiveRead', everyMs: 1_400 }),
    bursty({ agents: 8, role: 'cheapRead', during: 'stress' }),
    bursty({ agents: 4, role: 'expensiveRead', during: 'stress' }),
  ],
  checks: [poolBounded(), queueBounded(), loopHealthy(), boundedTime(), retryAfterValid(), recovers(), liveNotReady()],
  essential: ['pool-bounded'],
})
