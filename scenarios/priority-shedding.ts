// A nightly job asks for more than the server can do, while payments and lookups go on. Somebody must be turned away: the job, not the
// payments.
//
// The link to Postgres is 15 ms away each way and a pool has four connections: about 125 calls a second fit, fifteen may be inside at once.
// Offered: fifty a second of critical and normal agents, two hundred more of the job. Not modelled: a job that is asked to come back later.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { priorityOrder } from '../harness/checks/priority-order.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { scenario } from '../harness/scenario.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'A reporting job filled the server; payments were shed with the same chance as its rows.',
  source: 'SRE ch. 21, "Criticality"; WeChat, DAGOR (SoCC 2018); seed 2, "Backpressure and Failure Policy"',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 6 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  links: { postgres: { delayMs: 15 } },
  settings: {
    agentRatePerMinute: 60_000,
    agentBurst: 2_000,
    agentConcurrency: 200,
    poolMax: 4,
    queueMax: 50,
    inFlightMax: 15,
  },
  fleet: [
    steady({ agents: 6, role: 'cheapRead', everyMs: 200, priority: 'critical' }),
    steady({ agents: 6, role: 'cheapRead', everyMs: 300, priority: 'normal' }),
    steady({ agents: 6, role: 'cheapRead', everyMs: 30, priority: 'batch', during: 'stress' }),
  ],
  checks: [priorityOrder(), recovers(), boundedTime(), retryAfterValid(), poolBounded()],
  essential: ['priority-order'],
})
