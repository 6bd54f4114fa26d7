// A database that is gone: crashed, restarting, out of connections at the door. Live connections break, new ones are
// turned away at once. What kills servers then is not the outage but the storm of reconnects, and a breaker that never
// closes again.
// Parameters: by (link; or crash: the postmaster is shut down immediately, and started again at the end, when it recovers).
// What it does not model: a host that swallows packets (connect-black-hole), a failover to another host.
import { choice } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { dependencyCanary } from './dependency-canary.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { byWord, GONE } from './proof.ts'

export const postgresRefused = fault({
  summary: 'Resets every connection to Postgres, and each new one at once.',
  source: 'toxiproxy, down; seed 2, "Circuit breakers"',
  dependency: 'postgres',
  needs: ['link'],
  faithful:
    'A new connection is accepted by the link and then reset, where a dead Postgres would refuse it: the server sees ECONNRESET instead of ECONNREFUSED, so that every attempt can be counted. By link Postgres itself runs on and rolls back what was open; by crash its backends are told to quit (57P01 or a reset), and until it has recovered new connections get 57P03.',
  parameters: { by: choice(['link', 'crash'], 'link') },
  async inject(environment, { by }, signal) {
    const link = neededLink(environment, 'postgres')
    const looks = byWord([...GONE, '57P03', '57P01'], signal, (stop) => dependencyCanary(environment, 'postgres', stop))
    if (by === 'link') {
      const toxic = await link.add('down', {}, signal)
      return { ...looks, [Symbol.asyncDispose]: () => toxic.remove() }
    }
    const postgres = await provenPostgres(environment)
    const undo = await breaking(environment, { remedies: [], harm: () => postgres.crash(), heal: () => postgres.restart(), signal })
    return { ...looks, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
