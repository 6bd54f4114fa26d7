// Statements that have become slow in the database itself: a lost index, a table that has grown, a plan that has flipped. The
// tools that use the table hold their connections for longer; the others are fine, unless they share a pool with them.
// Parameters: table (ledger.invoices), role (app) that the server is in Postgres, delayMs (1,000; 10 to 10,000) a statement.
// Done by row-level security: a restrictive policy that sleeps once a statement and then is true. Restrictive, since permissive
// policies are OR-ed: a permissive one that is true would show every tenant's rows. A table without policies gets a permissive
// `true` beside it, and loses both at the end. It neither adds nor hides a row. It sleeps, 50 ms at
// a time, while a session of ours holds an advisory lock, so that the end is sharp, also for who is
// asleep then, and comes by itself when the harness dies; the policy goes a moment later.
// What it does not model: the processor and disk that a truly slow statement uses, statements of the table's owner.
import type { Remedy } from '../environment/service.ts'
import { milliseconds, sqlName } from '../parameters.ts'
import { appTable } from './app-table.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { impossible, neededLink, provenPostgres } from './needed.ts'
import { PostgresSession, postgresLook } from './postgres-session.ts'
import { proof } from './proof.ts'
import { carryOut } from './remedy.ts'
import { withLockTimeout } from './table-change.ts'

const SLOW = 'stampede_slow'
const OPEN = 'stampede_open'
const PAUSE = 'stampede_pause'
const SLICE_MS = 50
/** Of the advisory lock: a number that nobody else would take. */
const CLASS = 1_937_006_957

export const postgresSlowStatements = fault({
  summary: 'Every statement on one table takes longer by a fixed time.',
  source: 'MLPA#177; design after Postgres, "Row Security Policies"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    "The server's own SQL, unchanged, is slow: its backend is active in pg_stat_activity, waits for PgSleep, and obeys statement_timeout and a cancel. Beginning and ending need an exclusive lock on the table for a moment, for which running statements are waited for.",
  parameters: { table: sqlName('ledger.invoices'), role: sqlName('app'), delayMs: milliseconds(1_000, { from: 10, to: 10_000 }) },
  async inject(environment, { table, role, delayMs }, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    const { owner, rowSecurity } = await appTable(postgres, table)
    if (owner === role)
      throw impossible(`${role} owns ${table}, and policies do not bind an owner`, 'let the server connect as a role that owns nothing')
    // Its owner's rights, not the caller's: a server may well keep its roles from pg_locks and pg_sleep.
    const pause = `${table.slice(0, table.indexOf('.') + 1)}${PAUSE}`
    const held = `select 1 from pg_catalog.pg_locks where locktype = 'advisory' and classid = ${CLASS} and granted`
    const left = 'extract(epoch from over - clock_timestamp())'
    const body = `declare over timestamptz := clock_timestamp() + interval '${delayMs} ms'; begin while ${left} > 0 and exists (${held}) loop perform pg_catalog.pg_sleep(least(${SLICE_MS / 1_000}, ${left})); end loop; return true; end`
    const slow = [
      `create or replace function ${pause}() returns boolean language plpgsql security definer set search_path = pg_catalog as $pause$${body}$pause$`,
      `grant execute on function ${pause}() to public`,
      `create policy ${SLOW} on ${table} as restrictive using ((select ${pause}()))`,
    ]
    const open = [`create policy ${OPEN} on ${table} using (true)`, `alter table ${table} enable row level security`]
    const healing = [
      `drop policy if exists ${SLOW} on ${table}`,
      `drop function if exists ${pause}()`,
      ...(rowSecurity ? [] : [`alter table ${table} disable row level security`, `drop policy if exists ${OPEN} on ${table}`]),
    ]
    const remedy: Remedy = { do: 'sql', url: postgres.url, identity: postgres.identity, statements: [withLockTimeout(healing)] }
    // By an index on the tenant the canary, who has none, would meet no row, and the policy would never be asked.
    const scan = ['indexscan', 'indexonlyscan', 'bitmapscan'].map((way) => `set enable_${way} = off`).join('; ')
    const look = (stop?: AbortSignal) =>
      postgresLook(link, `${scan}; set role ${role}; select 1 from ${table} limit 1`, {
        limitMs: delayMs + 2_000,
        ...(stop && { signal: stop }),
      })
    const holder = await PostgresSession.open(postgres.address, { signal })
    const undo = await breaking(environment, {
      remedies: [remedy],
      async harm() {
        await postgres.query(withLockTimeout([...slow, ...(rowSecurity ? [] : open)]))
        await holder.ask(`select pg_advisory_lock(${CLASS}, 1)`)
      },
      async heal() {
        await holder[Symbol.asyncDispose]()
        await carryOut(remedy)
      },
      signal,
    })
    return {
      felt: async () => proof(await look(signal), ({ roundTripMs, error }) => roundTripMs >= delayMs * 0.9 || error === 'TIMEOUT'),
      healed: async () => proof(await look(), ({ roundTripMs, error }) => error === undefined && roundTripMs < delayMs * 0.9),
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})
