// A service behind one tool hangs. The tool reads from the database first; it must have given its connection back before it waits, or the
// pool of a database that is well runs empty.
//
// Calls of the other tools need nothing of what hangs. Not modelled: transactions held open across the wait.
import { blastRadius } from '../harness/checks/blast-radius.ts'
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { liveNotReady } from '../harness/checks/live-not-ready.ts'
import { noResidue } from '../harness/checks/no-residue.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { upstreamHang } from '../harness/faults/upstream-hang.ts'
import { scenario } from '../harness/scenario.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story: '617 connections, one active, 402 idle in a transaction: they waited for somebody else’s API, and the health checks behind them.',
  source: 'IBM context-forge#1706',
  phases: {
    quick: { warmUpS: 2, steadyS: 8, stressS: 7, recoveryS: 6, afterS: 4 },
    full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60, afterS: 30 },
  },
  windows: [{ id: 'hang', faults: [upstreamHang()] }],
  settings: {
    agentRatePerMinute: 1_200,
    agentBurst: 60,
    agentConcurrency: 20,
    agentToolRatePerMinute: 600,
    agentToolBurst: 40,
    poolMax: 4,
    queueMax: 16,
    breakerFailures: 200,
    breakerFailingMs: 60_000,
  },
  fleet: [steady({ agents: 20, role: 'cheapRead', everyMs: 500 }), steady({ agents: 16, role: 'composite', everyMs: 1_000 })],
  checks: [blastRadius(), boundedTime(), liveNotReady(), noResidue(), recovers()],
  essential: ['blast-radius'],
})
