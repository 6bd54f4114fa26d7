// Clients that never say goodbye: they open a session for every call, hang up midway, and ask on when they are refused. Whatever they leave
// behind must go by itself: memory, sockets, sessions, one by one, until nothing is left.
//
// Two stresses: sessions opened and calls dropped by the hundred, then refusals by the thousand; at full scale a soak of minutes.
// The heap is collected every second, where the server lets itself be told so: what is left is held by somebody. Pinned to the era with
// sessions. Not modelled: clients that open a stream and read it slowly.
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { handshakeFree } from '../harness/checks/handshake-free.ts'
import { noResidue } from '../harness/checks/no-residue.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { steadyOverTime } from '../harness/checks/steady-over-time.ts'
import { scenario } from '../harness/scenario.ts'
import { abandoner } from './personas/abandoner.ts'
import { runawayLoop } from './personas/runaway-loop.ts'
import { sessionChurner } from './personas/session-churner.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story:
    'Nine of ten clients never closed their sessions. After eight hours and 2,091 of them the heap was full; each refused call left 38 KiB more.',
  source: 'RedPlanetHQ/core#869; prowler#12235; enuno/unifi-mcp-server#173; IBM context-forge#2360',
  phases: {
    quick: { warmUpS: 2, steadyS: 5, stressS: 7, recoveryS: 3, afterS: 2 },
    full: { warmUpS: 15, steadyS: 60, stressS: 240, recoveryS: 60, afterS: 30 },
  },
  windows: [
    { id: 'sessions', faults: [] },
    { id: 'refusals', faults: [] },
  ],
  protocol: '2025-11-25',
  links: { postgres: { delayMs: 10 } },
  settings: {
    agentRatePerMinute: 600,
    agentBurst: 20,
    agentConcurrency: 20,
    poolMax: 6,
    queueMax: 32,
    heapCollectEveryMs: 1_000,
  },
  fleet: [
    steady({ agents: 8, role: 'cheapRead', everyMs: 400 }),
    sessionChurner({ agents: 8, role: 'cheapRead', everyMs: 320, during: 'stress', window: 'sessions' }),
    abandoner({ agents: 5, role: 'cheapRead', everyMs: 250, dropShare: 0.5, dropAfterMs: 15, during: 'stress', window: 'sessions' }),
    runawayLoop({ agents: 4, role: 'cheapRead', atOnce: 5, pauseMs: 80, during: 'stress', window: 'refusals' }),
  ],
  checks: [steadyOverTime(), noResidue(), handshakeFree(), poolBounded(), boundedTime(), retryAfterValid()],
  essential: ['steady-over-time', 'no-residue'],
})
