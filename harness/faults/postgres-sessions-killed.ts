// Every session ends at once, as in a failover, a restart of the pooler, or somebody's `pg_terminate_backend` in a hurry. The
// database is well a moment later; the server's pool is full of dead connections.
// Parameters: role (app) whose sessions end.
// What it does not model: a database that stays away for a while (postgres-refused).
import { sqlName } from '../parameters.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { openVictim } from './postgres-victim.ts'
import { proof } from './proof.ts'

export const postgresSessionsKilled = fault({
  summary: "Ends every session of the server's role once.",
  source: 'Postgres, pg_terminate_backend; HikariCP, "Down the rabbit hole"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful: "Each session gets FATAL 57P01 and its connection's end, whatever it was doing; what was open is rolled back.",
  parameters: { role: sqlName('app') },
  momentary: true,
  async inject(environment, { role }, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    const victim = await openVictim(link, signal)
    await postgres.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 or pid = $2', [role, victim.pid])
    return {
      felt: async () => await victim.sawItsEnd(['57P01', 'CLOSED', 'ECONNRESET']),
      healed: async () => proof(await postgres.canary(link), ({ error }) => error === undefined),
      [Symbol.asyncDispose]: () => victim[Symbol.asyncDispose](),
    }
  },
})
