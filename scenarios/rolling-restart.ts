// Three instances behind a balancer: one is killed, then one is drained. Only calls inside the killed one may be lost, none in the drained
// one; budgets hold over all instances, slots of the dead one come free, and page two works wherever it lands.
//
// Not modelled: a new version that behaves differently.
import { cleanDrain } from '../harness/checks/clean-drain.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { killContained } from '../harness/checks/kill-contained.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { noResidue } from '../harness/checks/no-residue.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { serverDrained } from '../harness/faults/server-drained.ts'
import { serverKilled } from '../harness/faults/server-killed.ts'
import { scenario } from '../harness/scenario.ts'
import { lister } from './personas/lister.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'A worker died and its permits with it; a deploy cut every stream. Neither should cost more than the calls of that moment.',
  source: 'vumi-go#541; memex-ai#160',
  phases: {
    quick: { warmUpS: 2, steadyS: 6, stressS: 5, recoveryS: 4, afterS: 4 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60, afterS: 30 },
  },
  windows: [
    { id: 'killed', faults: [serverKilled({ instance: 1 })] },
    { id: 'drained', faults: [serverDrained({ instance: 2 })] },
  ],
  links: { postgres: { delayMs: 40 } },
  settings: {
    instances: 3,
    agentRatePerMinute: 240,
    agentBurst: 20,
    agentConcurrency: 8,
    agentToolRatePerMinute: 240,
    agentToolBurst: 20,
    poolMax: 6,
  },
  fleet: [
    steady({ agents: 12, role: 'cheapRead', everyMs: 600 }),
    steady({ agents: 8, role: 'expensiveRead', everyMs: 800 }),
    lister({ agents: 3, role: 'large', callsMax: 2, depthMax: 2, atOnce: 1 }),
    runawayLoop({ agents: 1, role: 'cheapRead', atOnce: 6, during: 'stress' }),
  ],
  checks: [cleanDrain(), killContained(), limiterTrue(), noResidue(), errorTaxonomy(), retryAfterValid(), recovers()],
  essential: ['clean-drain', 'kill-contained', 'limiter-true'],
})
