// The identity provider goes down while an instance is killed, which is back soon, with no key in memory; then the provider changes
// its key. Intruders try tokens that are wrong in one way each, and one that is right but not to be checked yet. Agents with good
// tokens must never be told to log in again: that is what makes a storm of it. Others make up keys, a new one with each call, more of them
// than a server should ask the provider for. Windows are long and recoveries short, since the instance must come back cold while the
// provider is still away; how soon everybody is well again is other scenarios' matter.
//
// Not modelled: people who log in, a provider that answers late.
import { authTruthful } from '../harness/checks/auth-truthful.ts'
import { cheapRefusal } from '../harness/checks/cheap-refusal.ts'
import { errorTaxonomy } from '../harness/checks/error-taxonomy.ts'
import { retryAfterValid } from '../harness/checks/retry-after-valid.ts'
import { retryAmplification } from '../harness/checks/retry-amplification.ts'
import { identityProviderDown } from '../harness/faults/identity-provider-down.ts'
import { keysRotated } from '../harness/faults/keys-rotated.ts'
import { serverKilled } from '../harness/faults/server-killed.ts'
import { scenario } from '../harness/scenario.ts'
import { intruder } from './personas/intruder.ts'
import { steady } from './personas/steady.ts'

export default scenario({
  story:
    'The identity provider was away for a moment. Every agent was told 401, threw its token away and asked for a new one: 2,784 times in 5 s.',
  source: 'mcp-remote#338; seed 1, "Authentication"',
  phases: { quick: { warmUpS: 2, steadyS: 5, stressS: 9, recoveryS: 2.5 }, full: { warmUpS: 15, steadyS: 60, stressS: 60, recoveryS: 60 } },
  windows: [
    { id: 'down', faults: [identityProviderDown(), serverKilled({ instance: 2 }, { to: 0.04 })] },
    { id: 'rotated', faults: [keysRotated()] },
  ],
  settings: {
    identityProvider: 1,
    instances: 2,
    agentRatePerMinute: 600,
    agentBurst: 20,
    agentConcurrency: 8,
    agentToolRatePerMinute: 600,
    agentToolBurst: 20,
  },
  fleet: [
    steady({ agents: 10, role: 'cheapRead', everyMs: 500 }),
    steady({ agents: 4, role: 'expensiveRead', everyMs: 800 }),
    // They connect one after the other, so that the instance that is back gets some: the others keep the connections that they have.
    steady({ agents: 12, role: 'cheapRead', everyMs: 6_000, during: 'stress', window: 'down' }),
    intruder({ agents: 2, role: 'expensiveRead', everyMs: 600, tries: 'wrong-scope' }),
    intruder({ agents: 1, role: 'cheapRead', everyMs: 600, tries: 'expired' }),
    intruder({ agents: 1, role: 'cheapRead', everyMs: 600, tries: 'wrong-audience' }),
    intruder({ agents: 1, role: 'cheapRead', everyMs: 600, tries: 'revoked' }),
    intruder({ agents: 1, role: 'cheapRead', everyMs: 600, tries: 'malformed' }),
    intruder({ agents: 2, role: 'cheapRead', everyMs: 400, tries: 'new-key', during: 'stress', window: 'down' }),
    intruder({ agents: 2, role: 'cheapRead', everyMs: 400, tries: 'new-key', during: 'recovery', window: 'rotated' }),
    intruder({ agents: 8, role: 'cheapRead', everyMs: 200, tries: 'unknown-key', during: 'stress', ifOffered: true }),
  ],
  checks: [authTruthful(), retryAmplification(), retryAfterValid(), cheapRefusal(), errorTaxonomy()],
  essential: ['auth-truthful'],
})
