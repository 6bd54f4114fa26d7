// No connection is left for the server: somebody else's deployment has taken them all, or a leak has. Together with an end of
// the sessions that it has, since a warm pool would not notice.
// Parameters: role (app), which the server logs in as.
// What it does not model: connections that come free one by one; a server that logs in as a superuser is not held back.
import type { Remedy } from '../environment/service.ts'
import { sqlName } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { impossible, neededLink, provenPostgres } from './needed.ts'
import { postgresLook } from './postgres-session.ts'
import { byWord } from './proof.ts'

export const postgresConnectionsExhausted = fault({
  summary: "Ends the sessions of the server's role and lets it open no other.",
  source: 'Postgres, "too many connections" (53300); seed 2, "Connection pools"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'Every attempt gets as far as logging in and then FATAL 53300, "too many connections for role", where a full server says "sorry, too many clients already" with the same code.',
  parameters: { role: sqlName('app') },
  async inject(environment, { role }, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    const [found] = await postgres.query('select rolconnlimit as "limit", rolsuper as super from pg_roles where rolname = $1', [role])
    if (!found) throw impossible(`there is no role ${role}`, "name the server's own in the fault's parameter")
    if (found.super === true) throw impossible(`${role} is a superuser, whom no limit holds back`, 'let the server connect as another role')
    const remedy: Remedy = {
      do: 'sql',
      url: postgres.url,
      identity: postgres.identity,
      statements: [`alter role ${role} connection limit ${found.limit}`],
    }
    const undo = await breaking(environment, {
      remedies: [remedy],
      harm: async () => {
        await postgres.query(`alter role ${role} connection limit 0`)
        await postgres.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role])
      },
      signal,
    })
    const look = (stop?: AbortSignal) => postgresLook(link, 'select 1', { user: role, ...(stop && { signal: stop }) })
    return { ...byWord(['53300'], signal, look), [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
