// The database answers late, as over a broken network path: every round trip takes nearly two seconds. Then somebody locks one table. Calls
// must end by their deadline and take their statements with them, callers must not pile up before the pools, tools that use other tables
// must notice nothing of the lock, and all must be well again soon after.
//
// Not modelled: statements that are slow by themselves (abandoned-queries).
import { blastRadius } from '../harness/checks/blast-radius.ts'
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { cancelPropagates } from '../harness/checks/cancel-propagates.ts'
import { liveNotReady } from '../harness/checks/live-not-ready.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { queueBounded } from '../harness/checks/queue-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { postgresLatency } from '../harness/faults/postgres-latency.ts'
import { postgresLock } from '../harness/faults/postgres-lock.ts'
import { scenario } from '../harness/scenario.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'No statement timeout: 3.5 active connections became 217, and the service refused everybody for an hour.',
  source: 'MLPA#177',
  phases: { quick: { warmUpS: 2, steadyS: 6, stressS: 5, recoveryS: 6 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  windows: [
    { id: 'latency', faults: [postgresLatency({ delayMs: 900 })] },
    { id: 'locked', faults: [postgresLock({ table: 'ledger.invoices' })] },
  ],
  settings: {
    agentRatePerMinute: 600,
    agentBurst: 30,
    agentConcurrency: 20,
    agentToolRatePerMinute: 300,
    agentToolBurst: 20,
    poolMax: 4,
    queueMax: 8,
    acquireTimeoutMs: 500,
  },
  fleet: [steady({ agents: 16, role: 'cheapRead', everyMs: 500 }), steady({ agents: 6, role: 'expensiveRead', everyMs: 1_000 })],
  checks: [boundedTime(), blastRadius(), cancelPropagates(), queueBounded(), poolBounded(), retryAfterValid(), recovers(), liveNotReady()],
  essential: ['bounded-time', 'queue-bounded', 'blast-radius'],
})
