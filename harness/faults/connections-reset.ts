// Every live connection to a dependency is reset at once: a firewall that lost its table, a proxy that was deployed, a failover.
// New connections are fine. Reads may be tried again; of a write that was under way nobody knows whether it happened.
// Parameters: dependency (postgres; or redis, upstream, server: the link between agents and server).
// What it does not model: connections that die without a word (postgres-backend-frozen).
import { once } from 'node:events'
import { connect } from 'node:net'
import { hostAndPort } from '../environment/canary.ts'
import { dependency, dependencyCanary } from './dependency-canary.ts'
import { fault } from './fault.ts'
import { neededLink } from './needed.ts'
import { proof } from './proof.ts'

const PATIENCE_MS = 1_000

export const connectionsReset = fault({
  summary: 'Resets every live connection of one link once.',
  source: 'toxiproxy, reset_peer; RFC 9293 §3.5.2',
  dependency: 'postgres',
  needs: ['link'],
  faithful: 'Both sides get a true RST (ECONNRESET) in the middle of whatever they send; what was on its way is lost.',
  parameters: { dependency },
  momentary: true,
  async inject(environment, parameters, signal) {
    const link = neededLink(environment, parameters.dependency)
    signal.throwIfAborted()
    const victim = connect({ ...hostAndPort(link.canaryAddress), signal: AbortSignal.timeout(PATIENCE_MS * 10) })
    let ended: string | undefined
    victim.on('error', (error: NodeJS.ErrnoException) => (ended ??= error.code))
    const closed = new Promise((resolve) => victim.once('close', resolve))
    await once(victim, 'connect')
    // The kernel connects before the proxy has taken it: a look of our own behind it proves that it is carried.
    await dependencyCanary(environment, parameters.dependency, signal)
    await link.add('reset', {}, signal)
    return {
      felt: async () => {
        await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())])
        return { seen: ended === 'ECONNRESET', detail: `a connection of the canary's ${ended ? `ended: ${ended}` : 'lives'}` }
      },
      healed: async () => proof(await dependencyCanary(environment, parameters.dependency), ({ error }) => error === undefined),
      [Symbol.asyncDispose]: async () => void victim.destroy(),
    }
  },
})
