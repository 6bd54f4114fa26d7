// Agents ask for everything there is. Answers are cut at a cap, say so, and give a cursor; memory, wire and context window stay whole.
//
// Not modelled: a model that reads all pages.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { outputBounded } from '../harness/checks/output-bounded.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { scenario } from '../harness/scenario.ts'
import { bursty } from './personas/bursty.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'A tool that lists a table listed all of it, into the context window of a model that needed three rows.',
  source: 'seed 1, "Output bounds"',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 9 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  settings: {
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    poolMax: 4,
    queueMax: 32,
  },
  fleet: [
    steady({ agents: 8, role: 'cheapRead', everyMs: 800 }),
    steady({ agents: 4, role: 'large', everyMs: 2_000 }),
    bursty({ agents: 2, role: 'large', during: 'stress' }),
  ],
  checks: [outputBounded(), boundedTime(), poolBounded(), recovers()],
  essential: ['output-bounded'],
})
