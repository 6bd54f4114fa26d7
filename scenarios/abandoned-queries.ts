// Statements have become slow, and most of the agents that ask for them hang up and go on. What they left must end with them, so that those
// who wait get their turn; and nobody else's statement may be hit by a cancel.
//
// Slow statements by a policy that sleeps, in the table that the expensive role reads. Those who hang up are many, and those who wait few: a
// connection that somebody waits for, or uses to the end, hides what was left behind. Not modelled: agents that die with all their calls.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { cancelPropagates } from '../harness/checks/cancel-propagates.ts'
import { noResidue } from '../harness/checks/no-residue.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { postgresSlowStatements } from '../harness/faults/postgres-slow-statements.ts'
import { scenario } from '../harness/scenario.ts'
import { abandoner } from './personas/abandoner.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: 'Clients hung up, their queries ran on: 217 of them, for nobody. The cancels that were tried then hit the neighbours.',
  source: 'MLPA#177; PostgreSQL documentation, pg_cancel_backend',
  phases: {
    quick: { warmUpS: 2, steadyS: 6, stressS: 8, recoveryS: 6, afterS: 5 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60, afterS: 30 },
  },
  windows: [{ id: 'slow', faults: [postgresSlowStatements({ delayMs: 2_400 })] }],
  settings: {
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    poolMax: 6,
    queueMax: 16,
    acquireTimeoutMs: 1_000,
  },
  fleet: [
    steady({ agents: 8, role: 'cheapRead', everyMs: 600 }),
    steady({ agents: 3, role: 'expensiveRead', everyMs: 2_000 }),
    abandoner({ agents: 6, role: 'expensiveRead', everyMs: 1_200, dropShare: 0.8, dropAfterMs: 250, during: 'stress' }),
  ],
  checks: [cancelPropagates(), noResidue(), boundedTime(), poolBounded(), recovers()],
  essential: ['cancel-propagates'],
})
