// A database that has become slow to reach: a saturated network, a failover to another zone, a struggling proxy. The
// commonest start of a pile-up: every call holds its connection for longer, and the queue before the pool grows.
// Parameters: delayMs (300; 1 to 60,000) each way, jitterMs (0; 0 to 30,000) more or less, drawn from seed (0).
// What it does not model: a slow statement (postgres-slow-statements), lost packets, slow connecting. At its end what was
// held leaves at once.
import type { Environment } from '../environment/service.ts'
import { count, milliseconds } from '../parameters.ts'
import { fault, type Proof } from './fault.ts'
import { neededLink, neededPostgres } from './needed.ts'

export const postgresLatency = fault({
  summary: 'Delays every byte between the server and Postgres.',
  source: 'toxiproxy, latency; seed 2, "Timeouts"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'The server sees slow answers; Postgres itself stays idle, so pg_stat_activity shows ClientRead, not a slow statement. Connecting is as quick as ever.',
  parameters: {
    delayMs: milliseconds(300, { from: 1, to: 60_000 }),
    jitterMs: milliseconds(0, { from: 0, to: 30_000 }),
    seed: count(0, { from: 0, to: 4_294_967_295 }),
  },
  async inject(environment, { delayMs, jitterMs, seed }, signal) {
    const link = neededLink(environment, 'postgres')
    const before = await look(environment, signal)
    const toxic = await link.add('latency', { delayMs, jitterMs, seed }, signal)
    // Half of the least that a round trip grows by, on top of what it was.
    const thresholdMs = before.roundTripMs + Math.max(delayMs - jitterMs, delayMs / 4)
    return {
      felt: async () => {
        const { roundTripMs, error } = await look(environment, signal)
        // A canary that gave up waiting has felt it as well.
        return proof(roundTripMs >= thresholdMs || error === 'TIMEOUT', roundTripMs, before.roundTripMs, error)
      },
      healed: async () => {
        const { roundTripMs, error } = await look(environment)
        return proof(error === undefined && roundTripMs < thresholdMs, roundTripMs, before.roundTripMs, error)
      },
      [Symbol.asyncDispose]: () => toxic.remove(),
    }
  },
})

function look(environment: Environment, signal?: AbortSignal) {
  return neededPostgres(environment).canary(neededLink(environment, 'postgres'), signal)
}

function proof(seen: boolean, nowMs: number, beforeMs: number, error: string | undefined): Proof {
  const ending = error === undefined ? '' : `, then ${error}`
  return { seen, detail: `canary round trip ${nowMs.toFixed(1)} ms${ending} (before: ${beforeMs.toFixed(1)} ms)` }
}
