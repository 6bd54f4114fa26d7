// A database that has become slow to reach: a saturated network, a failover to another zone, a struggling proxy. The
// commonest start of a pile-up: every call holds its connection for longer, and the queue before the pool grows.
// Parameters: delayMs (300; 1 to 60,000) each way, jitterMs (0; 0 to 30,000) more or less, drawn from seed (0). Both may grow.
// stream (both; or upstream, downstream): one way only. toxicity (1; from 0.05): of this share of the connections, drawn as well.
// What it does not model: a slow statement (postgres-slow-statements), lost packets, slow connecting. At its end what was
// held leaves at once.
import { dependencyCanary } from './dependency-canary.ts'
import { fault } from './fault.ts'
import { delayLink, latencyParameters } from './link-latency.ts'
import { neededLink } from './needed.ts'

export const postgresLatency = fault({
  summary: 'Delays every byte between the server and Postgres.',
  source: 'toxiproxy, latency; seed 2, "Timeouts"',
  dependency: 'postgres',
  needs: ['link'],
  faithful:
    'The server sees slow answers; Postgres itself stays idle, so pg_stat_activity shows ClientRead, not a slow statement. Connecting is as quick as ever.',
  parameters: latencyParameters,
  grows: ['delayMs', 'jitterMs'],
  async inject(environment, parameters, signal) {
    const link = neededLink(environment, 'postgres')
    return await delayLink(link, parameters, (stop) => dependencyCanary(environment, 'postgres', stop), signal)
  },
})
