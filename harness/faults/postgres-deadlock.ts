// Two transactions that wait for each other: a batch job takes the same tables as the server in the other order. Postgres finds
// it out after deadlock_timeout and ends one of them; a write that was ended so may simply be tried again, once.
// Parameters: first (ledger.invoice_counters) and second (ledger.invoices): tables that the server's writes take in this order,
// pauseMs (250; 0 to 60,000) between one attempt to cross a write and the next.
// It waits until a writer waits for the second table, and only then wants the first. Its own deadlock_timeout is an hour, so that
// the server's transaction is the one that is ended.
// What it does not model: deadlocks among the server's own transactions. Writers wait up to deadlock_timeout (1 s) each round.
import { setTimeout as pause } from 'node:timers/promises'
import { measured } from '../environment/canary.ts'
import { milliseconds, sqlName } from '../parameters.ts'
import { appTable } from './app-table.ts'
import { breaking } from './breaking.ts'
import { untilOne } from './draws.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { Crossing } from './postgres-crossing.ts'
import { PostgresSession } from './postgres-session.ts'
import { byWord, proof } from './proof.ts'

const LOOK_MS = 3_000
const LOOK_EVERY_MS = 50

export const postgresDeadlock = fault({
  summary: "Crosses the server's writes with a transaction that takes the same tables in the other order.",
  source: 'Postgres, "Deadlocks" (40P01)',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'A write of the server waits for up to a second and is then ended by Postgres with 40P01, everything it did rolled back; writes beside it wait as long. Reads are untouched.',
  parameters: {
    first: sqlName('ledger.invoice_counters'),
    second: sqlName('ledger.invoices'),
    pauseMs: milliseconds(250, { from: 0, to: 60_000 }),
  },
  async inject(environment, { first, second, pauseMs }, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    for (const table of [first, second]) await appTable(postgres, table)
    const crossing = new Crossing(postgres, first, second, pauseMs)
    const undo = await breaking(environment, { remedies: [], harm: () => crossing.begin(), heal: () => crossing.end(), signal })
    const look = async (stop?: AbortSignal) =>
      await measured(
        stop,
        async (limit) => {
          await using session = await PostgresSession.open(link.canaryAddress, { signal: limit })
          const begunMs = performance.now()
          await session.ask(`set deadlock_timeout = '50ms'; begin; lock table ${first} in row exclusive mode`)
          await session.ask(`lock table ${second} in row exclusive mode; rollback`)
          return performance.now() - begunMs
        },
        LOOK_MS,
      )
    // Between two rounds a write passes: only as many in a row as span one show that it is over.
    const looks = 2 + Math.ceil(pauseMs / LOOK_EVERY_MS)
    const lookLonger = () =>
      untilOne(
        looks,
        () => pause(LOOK_EVERY_MS).then(() => look()),
        ({ error }) => error !== undefined,
      )
    return {
      felt: byWord(['40P01'], signal, look).felt,
      healed: async () => proof(await lookLonger(), ({ error }) => error === undefined),
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})
