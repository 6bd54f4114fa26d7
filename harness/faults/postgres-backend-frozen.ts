// Backends that hang: a disk that does not answer, a lock inside Postgres, a packet that a firewall lost. The connection stays
// open and says nothing, and no timeout of the database fires, since the one that would fire it is frozen too. Only a deadline
// of the client's own helps, and only if the connection is then thrown away.
// Parameters: role (app), backends (1; 1 to 100) of its, the longest connected first.
// What it does not model: one that holds a lock others wait for, unless it happened to.

import { measured } from '../environment/canary.ts'
import type { Environment, Remedy } from '../environment/service.ts'
import { count, sqlName } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenPostgres } from './needed.ts'
import { PostgresSession } from './postgres-session.ts'
import { proof } from './proof.ts'

const LOOK_MS = 500

export const postgresBackendFrozen = fault({
  summary: "Stops some of the server's backends in the middle of whatever they do.",
  source: 'Linux, SIGSTOP; brettwooldridge/HikariCP, "Rapid Recovery"',
  dependency: 'postgres',
  needs: ['link', 'postgres'],
  faithful:
    'The server sees a connection on which nothing comes back, neither a result nor an error; statement_timeout and pg_cancel_backend have no effect on it. At the end it goes on where it was.',
  parameters: { role: sqlName('app'), backends: count(1, { from: 1, to: 100 }) },
  async inject(environment, { role, backends }, signal) {
    const link = neededLink(environment, 'postgres')
    const postgres = await provenPostgres(environment)
    const own = await PostgresSession.open(link.canaryAddress)
    const pids = [await pidOf(own), ...(await backendsOf(postgres, role, backends))]
    const remedies = pids.map((pid): Remedy => ({ do: 'signal', pid, group: false, signal: 'SIGCONT' }))
    const harm = async () => {
      for (const pid of pids) await postgres.signalBackend(pid, 'SIGSTOP')
    }
    const heal = async () => {
      for (const pid of pids) await postgres.signalBackend(pid, 'SIGCONT')
    }
    const undo = await breaking(environment, { remedies, harm, heal, signal })
    const ask = asking(own)
    const answer = () => measured(undefined, ask, LOOK_MS)
    return {
      felt: async () => proof(await answer(), ({ error }) => error === 'TIMEOUT'),
      healed: async () => proof(await answer(), ({ error }) => error === undefined),
      async [Symbol.asyncDispose]() {
        await undo[Symbol.asyncDispose]()
      },
    }
  },
})

/** Asks the session; while it owes an answer, that one is waited for. */
function asking(session: PostgresSession): (stop: AbortSignal) => Promise<number> {
  let owed: Promise<unknown> | undefined
  return async (stop) => {
    const begunMs = performance.now()
    owed ??= session.ask('select 1').finally(() => {
      owed = undefined
    })
    owed.catch(() => {})
    const stopped = new Promise<never>((_resolve, reject) => stop.addEventListener('abort', () => reject(stop.reason), { once: true }))
    await Promise.race([owed, stopped])
    return performance.now() - begunMs
  }
}

async function pidOf(session: PostgresSession): Promise<number> {
  const [row] = await session.ask('select pg_backend_pid() as pid')
  return Number(row?.pid)
}

async function backendsOf(postgres: NonNullable<Environment['postgres']>, role: string, backends: number): Promise<number[]> {
  const rows = await postgres.query('select pid from pg_stat_activity where usename = $1 order by backend_start limit $2', [role, backends])
  return rows.map(({ pid }) => Number(pid))
}
