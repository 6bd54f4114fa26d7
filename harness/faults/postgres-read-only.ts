// A database that only reads: a failover to a replica that was not promoted yet, a disk that is nearly full, a switch that
// somebody set. Reads are right and quick; every write fails, and must say so with a type of its own.
// Parameters: none.
// What it does not model: a session that has set default_transaction_read_only itself, the lag of a true replica.
import type { Remedy } from '../environment/service.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { postgresLook } from './postgres-session.ts'
import { byWord } from './proof.ts'

export const postgresReadOnly = fault({
  summary: 'Makes every transaction of the whole database server read only.',
  source: 'Postgres, default_transaction_read_only (25006); AWS, "RDS failover"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'Transactions that begin from now on, in old and new sessions, fail at their first write with 25006; those under way may still write. pg_is_in_recovery() says false, where a replica would say true.',
  parameters: {},
  async inject(environment, _parameters, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    const [row] = await postgres.query("select setting from pg_file_settings where name = 'default_transaction_read_only' and applied")
    const back = row
      ? `alter system set default_transaction_read_only = ${row.setting}`
      : 'alter system reset default_transaction_read_only'
    const statements = [back, 'select pg_reload_conf()']
    const undo = await breaking(environment, {
      remedies: [{ do: 'sql', url: postgres.url, identity: postgres.identity, statements } satisfies Remedy],
      harm: async () => {
        await postgres.query('alter system set default_transaction_read_only = on')
        await postgres.query('select pg_reload_conf()')
      },
      signal,
    })
    const look = (stop?: AbortSignal) =>
      postgresLook(link, 'begin; create temporary table stampede_canary (); rollback', { ...(stop && { signal: stop }) })
    return { ...byWord(['25006'], signal, look), [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
