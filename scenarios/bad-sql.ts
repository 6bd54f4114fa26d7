// A few agents guess: four in five of their queries are wrong. Others ask an API behind a tool for what it does not have, and it answers
// 404. Each mistake must cost a sentence; connections stay, the breakers stay closed, and the others notice nothing.
//
// Mistakes with the API come many to each call that is right, since a success starts the count of most breakers anew. Not modelled: SQL
// that is right and ruinous (abandoned-queries).
import { blastRadius } from '../harness/checks/blast-radius.ts'
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { breakerNotFooled } from '../harness/checks/breaker-not-fooled.ts'
import { connectionsStable } from '../harness/checks/connections-stable.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { fairness } from '../harness/checks/fairness.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { scenario } from '../harness/scenario.ts'
import { guesser } from './personas/guesser.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'One bad query closed the pool for everybody: with each mistake of a model, every connection was opened anew.',
  source: 'crystaldba#98; hermes-agent#11113; sglang#25811',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 9 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  settings: {
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    poolMax: 4,
    queueMax: 16,
    breakerFailures: 10,
  },
  fleet: [
    steady({ agents: 12, role: 'cheapRead', everyMs: 600 }),
    steady({ agents: 6, role: 'expensiveRead', everyMs: 1_000 }),
    guesser({ agents: 6, role: 'expensiveRead', everyMs: 300, mistakenShare: 0.8, during: 'stress' }),
    steady({ agents: 6, role: 'composite', everyMs: 1_000, ifOffered: true }),
    guesser({ agents: 5, role: 'external', everyMs: 150, mistakenShare: 1, during: 'stress', ifOffered: true }),
  ],
  checks: [connectionsStable(), errorTaxonomy(), breakerNotFooled(), blastRadius(), fairness(), boundedTime(), recovers()],
  essential: ['connections-stable', 'error-taxonomy', 'breaker-not-fooled'],
})
