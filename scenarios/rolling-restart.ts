// Three instances behind a balancer: one is killed, then one is drained. Only calls inside the killed one may be lost, none in the drained
// one; budgets hold over all instances, and slots of the dead one come free. Some agents read page after page, with a thought between: the
// next page may be asked of another instance than the last one, and must be there all the same.
//
// The link to Postgres is 120 ms away each way, so that some four calls are inside each instance at any moment: enough to be lost.
// Not modelled: a new version that behaves differently.
import { cleanDrain } from '../harness/checks/clean-drain.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { killContained } from '../harness/checks/kill-contained.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { noResidue } from '../harness/checks/no-residue.ts'
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
    quick: { warmUpS: 4, steadyS: 5, stressS: 4, recoveryS: 5, afterS: 3 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60, afterS: 30 },
  },
  windows: [
    { id: 'killed', faults: [serverKilled({ instance: 1 })] },
    { id: 'drained', faults: [serverDrained({ instance: 2 })] },
  ],
  links: { postgres: { delayMs: 120 } },
  settings: {
    instances: 3,
    agentRatePerMinute: 240,
    agentBurst: 20,
    agentConcurrency: 8,
    agentToolRatePerMinute: 240,
    agentToolBurst: 20,
    poolMax: 7,
  },
  fleet: [
    steady({ agents: 20, role: 'cheapRead', everyMs: 600 }),
    steady({ agents: 10, role: 'expensiveRead', everyMs: 800 }),
    lister({ agents: 3, role: 'expensiveRead', everyMs: 1_000, callsMax: 5, depthMax: 5, atOnce: 1, thinkMs: 500 }),
    runawayLoop({ agents: 1, role: 'cheapRead', atOnce: 6, during: 'stress' }),
  ],
  checks: [cleanDrain(), killContained(), limiterTrue(), noResidue(), errorTaxonomy(), retryAfterValid()],
  essential: ['clean-drain', 'kill-contained', 'limiter-true'],
})
