// Nothing is broken and nobody misbehaves: agents of two tenants look things up, ask elsewhere and write, each at a steady pace, and one of
// them errs now and then. Whatever fails here fails every day. Arguments carry planted secrets; nothing of them may be found afterwards.
//
// Not modelled: nights and weekends, a release in the middle.
import { alertsFire } from '../harness/checks/alerts-fire.ts'
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { breakerNotFooled } from '../harness/checks/breaker-not-fooled.ts'
import { connectionsStable } from '../harness/checks/connections-stable.ts'
import { effectsOnce } from '../harness/checks/effects-once.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { liveNotReady } from '../harness/checks/live-not-ready.ts'
import { loopHealthy } from '../harness/checks/loop-healthy.ts'
import { noResidue } from '../harness/checks/no-residue.ts'
import { nothingLeaks } from '../harness/checks/nothing-leaks.ts'
import { oneTrace } from '../harness/checks/one-trace.ts'
import { outputBounded } from '../harness/checks/output-bounded.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { queueBounded } from '../harness/checks/queue-bounded.ts'
import { quotaHeadersTrue } from '../harness/checks/quota-headers-true.ts'
import { tenantsIsolated } from '../harness/checks/tenants-isolated.ts'
import { scenario } from '../harness/scenario.ts'
import { guesser } from './personas/guesser.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story:
    'On an ordinary day everything passes, and afterwards any call can be explained: its log line, its trace, and no customer’s data in either.',
  source: 'seed 1, "Observability" and mistake 3: PII in the aggregator; SRE ch. 6',
  phases: {
    quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 4, afterS: 5 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 30, afterS: 30 },
  },
  settings: {
    agentRatePerMinute: 600,
    agentBurst: 20,
    agentConcurrency: 8,
    agentToolRatePerMinute: 300,
    agentToolBurst: 20,
  },
  fleet: [
    steady({ agents: 8, role: 'cheapRead', everyMs: 500 }),
    steady({ agents: 6, role: 'expensiveRead', everyMs: 800 }),
    steady({ agents: 6, role: 'write', everyMs: 800 }),
    steady({ agents: 4, role: 'external', everyMs: 800 }),
    steady({ agents: 4, role: 'composite', everyMs: 1_000 }),
    guesser({ agents: 1, role: 'expensiveRead', everyMs: 1_000, mistakenShare: 0.5 }),
  ],
  checks: [
    oneTrace(),
    nothingLeaks(),
    boundedTime(),
    effectsOnce(),
    errorTaxonomy(),
    tenantsIsolated(),
    quotaHeadersTrue(),
    outputBounded(),
    breakerNotFooled(),
    connectionsStable(),
    poolBounded(),
    queueBounded(),
    loopHealthy(),
    liveNotReady(),
    noResidue(),
    alertsFire(),
  ],
  essential: ['one-trace', 'nothing-leaks', 'bounded-time', 'effects-once'],
})
