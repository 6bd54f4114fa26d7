// A fleet starts at once, each agent with its handshake and its list of tools, and asks again as soon as something is refused. Saying hello
// must not cost anybody their calls; nor does it buy any: some open a session for each call and ask for more than their budget, and a session
// more is no budget more.
//
// Pinned to the era with a handshake. Not modelled: clients that keep their list of tools; a dependency that fails as well, without which
// there is nothing for the server to multiply (upstream-outage); steps of load (overload).
import { boundedTime } from '../harness/checks/bounded-time.ts'
import { handshakeFree } from '../harness/checks/handshake-free.ts'
import { limiterTrue } from '../harness/checks/limiter-true.ts'
import { poolBounded } from '../harness/checks/pool-bounded.ts'
import { recovers } from '../harness/checks/recovers.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { scenario } from '../harness/scenario.ts'
import { retryHappy } from './personas/retry-happy.ts'
import { sessionChurner } from './personas/session-churner.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story:
    'tools/list was refused at start-up, the fleet tried again at once, and again: a 429 death spiral of clients that wanted to begin.',
  source: 'omi#7605; awslabs aws-knowledge#2949',
  phases: { quick: { warmUpS: 2, steadyS: 8, stressS: 8, recoveryS: 9 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  protocol: '2025-11-25',
  settings: {
    agentRatePerMinute: 120,
    agentBurst: 8,
    agentConcurrency: 6,
    agentToolRatePerMinute: 120,
    agentToolBurst: 8,
    poolMax: 6,
    queueMax: 16,
  },
  fleet: [
    steady({ agents: 12, role: 'cheapRead', everyMs: 800 }),
    sessionChurner({ agents: 12, role: 'cheapRead', everyMs: 900, during: 'stress' }),
    retryHappy({ agents: 6, role: 'cheapRead', everyMs: 2_000, sessions: 'per-call', during: 'stress' }),
  ],
  checks: [handshakeFree(), limiterTrue(), retryAfterValid(), boundedTime(), poolBounded(), recovers()],
  essential: ['handshake-free'],
})
