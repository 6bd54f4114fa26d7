// Somebody holds a lock: a migration, a forgotten transaction in a console, a batch job. Statements do not fail, they wait,
// each with a connection in its hand.
// Parameters: table (ledger.invoices), what (table: every statement on it waits; rows: only writers of its first `rows` rows), rows (100).
// What it does not model: a queue of locks behind one another, and a lock that is let go again after each statement.
import { choice, count, sqlName } from '../parameters.ts'
import { appTable } from './app-table.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { PostgresSession, postgresLook } from './postgres-session.ts'
import { byWord } from './proof.ts'

export const postgresLock = fault({
  summary: "A session of somebody else's holds a lock on a table, or on its first rows.",
  source: 'Postgres, "Explicit Locking"; GoCardless, "Zero-downtime Postgres migrations"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'The server sees statements that wait in Lock state until its lock_timeout (55P03) or statement_timeout (57014). The lock is let go at the end of the window, or when the harness dies, since its session dies with it.',
  parameters: { table: sqlName('ledger.invoices'), what: choice(['table', 'rows'], 'table'), rows: count(100, { from: 1, to: 100_000 }) },
  async inject(environment, { table, what, rows }, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    await appTable(postgres, table)
    const lock = what === 'table' ? `lock table ${table} in access exclusive mode` : `select 1 from ${table} limit ${rows} for update`
    const wants = what === 'table' ? `select 1 from ${table} limit 1` : `select 1 from ${table} limit 1 for update`
    const holder = await PostgresSession.open(postgres.address, { signal })
    const undo = await breaking(environment, {
      remedies: [],
      harm: () => holder.ask(`set lock_timeout = '15s'; begin; ${lock}`),
      heal: () => holder[Symbol.asyncDispose](),
      signal,
    })
    const look = (stop?: AbortSignal) =>
      postgresLook(link, `set lock_timeout = '200ms'; begin; ${wants}; rollback`, { ...(stop && { signal: stop }) })
    return { ...byWord(['55P03'], signal, look), [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
