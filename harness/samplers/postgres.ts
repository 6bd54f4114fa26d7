// What the database sees of the server: the app's connections, how many work, idle in a transaction or wait for a lock.
// Read four times a second over the harness's own persistent connection, past the link, so that a fault at the link
// does not blind it. It tells a pool's bound from the outside, whatever the server says of itself.
// What it does not model: waits inside the server's pool (prometheus), statements that begin and end between two readings.
import { readFileSync } from 'node:fs'
import { sampler } from './sampler.ts'

const ACTIVITY = readFileSync(new URL('postgres-activity.sql', import.meta.url), 'utf8')

export const postgres = sampler({
  summary: "Connections of the app's role, as pg_stat_activity counts them.",
  source: 'PostgreSQL documentation, "The Cumulative Statistics System", pg_stat_activity',
  periodMs: 250,
  applies: (environment, observe) => environment.database !== undefined && observe.postgres !== undefined,
  async sample(environment, observe, signal) {
    if (!environment.database || !observe.postgres) return []
    signal.throwIfAborted()
    const rows = await environment.database.query<Record<string, number>>(ACTIVITY, [observe.postgres.role])
    return rows.map((values) => ({ values }))
  },
})
