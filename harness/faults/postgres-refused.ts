// A database that is gone: crashed, restarting, out of connections at the door. Live connections break, new ones are
// turned away at once. What kills servers then is not the outage but the storm of reconnects, and a breaker that never
// closes again.
// Parameters: none. The window says how long.
// What it does not model: the recovery of a crashed Postgres, statements that were lost before their commit reached the
// disk, a host that swallows packets (connect-black-hole).
import type { Canary } from '../environment/service.ts'
import { fault, type Proof } from './fault.ts'
import { neededLink, neededPostgres } from './needed.ts'

const GONE = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'CLOSED']

export const postgresRefused = fault({
  summary: 'Resets every connection to Postgres, and each new one at once.',
  source: 'toxiproxy, down; seed 2, "Circuit breakers"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'A new connection is accepted and then reset, where a dead Postgres would refuse it: the server sees ECONNRESET instead of ECONNREFUSED, so that every attempt can be counted. Postgres itself runs on and rolls back what was open.',
  parameters: {},
  async inject(environment, _parameters, signal) {
    const postgres = neededPostgres(environment)
    const link = neededLink(environment, 'postgres')
    const toxic = await link.add('down', {}, signal)
    return {
      felt: async () => proof(await postgres.canary(link, signal), ({ error }) => error !== undefined && GONE.includes(error)),
      healed: async () => proof(await postgres.canary(link), ({ error }) => error === undefined),
      [Symbol.asyncDispose]: () => toxic.remove(),
    }
  },
})

function proof(canary: Canary, seen: (canary: Canary) => boolean): Proof {
  const time = `${canary.roundTripMs.toFixed(1)} ms`
  return { seen: seen(canary), detail: canary.error ? `canary: ${canary.error} after ${time}` : `canary round trip ${time}` }
}
