// Two tenants come from one address. A batch job of the one runs as fast as it can; the other must not notice, and neither may see a row of
// the other's, however busy the connections are that both share.
//
// In the steady phase all of them together stay below one agent's budget, so that a bucket that they share shows under the stress alone.
// Not modelled: a tenant with many agents that are each within their budget; addresses apart.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { fairness } from '../harness/checks/fairness.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { tenantsIsolated } from '../harness/checks/tenants-isolated.ts'
import { scenario } from '../harness/scenario.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'Everybody sat in one bucket: one tenant’s batch job, and the others were told to come back in 842 s.',
  source: 'ibmi-mcp-server#111',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 9 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  settings: {
    agentRatePerMinute: 1_500,
    agentBurst: 30,
    agentConcurrency: 20,
    agentToolRatePerMinute: 300,
    agentToolBurst: 20,
    poolMax: 6,
    queueMax: 16,
  },
  fleet: [
    steady({ agents: 6, role: 'cheapRead', everyMs: 400, tenant: 't0' }),
    steady({ agents: 5, role: 'cheapRead', everyMs: 1_000, tenant: 't1' }),
    steady({ agents: 2, role: 'expensiveRead', everyMs: 1_200, tenant: 't0' }),
    steady({ agents: 2, role: 'expensiveRead', everyMs: 1_200, tenant: 't1' }),
    runawayLoop({ agents: 1, role: 'cheapRead', atOnce: 10, during: 'stress', tenant: 't1' }),
  ],
  checks: [fairness(), tenantsIsolated(), limiterTrue(), retryAfterValid(), boundedTime(), recovers()],
  essential: ['fairness', 'tenants-isolated'],
})
