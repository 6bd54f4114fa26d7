// Postgres refuses every connection for a while. The server must stop knocking soon (its breaker opens), tell agents when to
// come back, and be itself again soon after Postgres is.
//
// Attempts are counted at the harness's proxy. Not modelled: an outage behind a load balancer that accepts and then hangs.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { breakerOpens } from '../harness/checks/breaker-opens.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { liveNotReady } from '../harness/checks/live-not-ready.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { postgresRefused } from '../harness/faults/postgres-refused.ts'
import { scenario } from '../harness/scenario.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'The database restarts. Every agent asks again at once, and the server passes each call on to a database that cannot answer.',
  source: 'seed 2, "Backpressure and Failure Policy"',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 10 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  windows: [{ id: 'outage', faults: [postgresRefused()] }],
  settings: {
    agentRatePerMinute: 600,
    agentBurst: 30,
    agentConcurrency: 20,
    agentToolRatePerMinute: 300,
    agentToolBurst: 20,
    poolMax: 4,
    queueMax: 16,
    breakerFailures: 20,
    breakerFailingMs: 5_000,
    breakerOpenMs: 2_000,
  },
  fleet: [steady({ agents: 16, role: 'cheapRead', everyMs: 500 }), steady({ agents: 6, role: 'expensiveRead', everyMs: 1_000 })],
  checks: [breakerOpens(), recovers(), boundedTime(), retryAfterValid(), errorTaxonomy(), liveNotReady()],
  essential: ['breaker-opens', 'recovers'],
})
