// Twice as much as the server can do, then four times: it must go on doing what it can, turn the rest away at once, and be well again as
// soon as it is over. A server that takes everything in serves everybody too late.
//
// Capacity: the link to Postgres is 15 ms away each way and a pool has three connections, so that about a hundred calls a second fit,
// whatever the machine. Offered: seventy a second throughout, two hundred in the first stress, four hundred in the second.
// Not modelled: callers that ask again (retry-storm), and calls of different cost.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { goodputPlateau } from '../harness/checks/goodput-plateau.ts'
import { liveNotReady } from '../harness/checks/live-not-ready.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { queueBounded } from '../harness/checks/queue-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { scenario } from '../harness/scenario.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'At twice its capacity the service answered every call, each after its caller had gone. Goodput was nought, and stayed there.',
  source: 'SRE ch. 22, "Addressing Cascading Failures"; metastable failures, HotOS 2021',
  phases: { quick: { warmUpS: 2, steadyS: 5, stressS: 5, recoveryS: 5 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  windows: [
    { id: 'twice', faults: [] },
    { id: 'four-times', faults: [] },
  ],
  links: { postgres: { delayMs: 15 } },
  settings: {
    agentRatePerMinute: 60_000,
    agentBurst: 2_000,
    agentConcurrency: 200,
    poolMax: 3,
    queueMax: 8,
    acquireTimeoutMs: 400,
  },
  fleet: [
    steady({ agents: 7, role: 'cheapRead', everyMs: 100 }),
    steady({ agents: 13, role: 'cheapRead', everyMs: 100, during: 'stress', window: 'twice' }),
    steady({ agents: 20, role: 'cheapRead', everyMs: 60, during: 'stress', window: 'four-times' }),
  ],
  checks: [goodputPlateau(), recovers(), queueBounded(), poolBounded(), boundedTime(), retryAfterValid(), liveNotReady()],
  essential: ['goodput-plateau'],
})
