// Brings the database to the shape this version needs, before it serves: numbered .sql files, each once, in order, all in one
// transaction under an advisory lock, so that instances which start together do not meet. A second start finds nothing to do.
// Runs with the administration's rights (DATABASE_ADMIN_URL), over one connection that is closed again.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { connectionsMax, type Settings } from '../config.ts'
import { sql } from './sql.ts'

const FOLDER = new URL('./migrations/', import.meta.url)
/** Any number that no other program on this database uses for its lock. */
const LOCK = 7_310_001
const STEP_MS = 30_000

/** @throws the error of Postgres, or one that says which connections do not fit */
export async function migrate(settings: Settings): Promise<void> {
  const client = new pg.Client({
    connectionString: settings.DATABASE_ADMIN_URL,
    application_name: 'ledger-desk migrate',
    connectionTimeoutMillis: settings.CONNECT_TIMEOUT_MS * 2,
    statement_timeout: STEP_MS,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await refuseTooManyConnections(client, settings)
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [LOCK])
    await client.query('create table if not exists public.desk_migrations (name text primary key, at timestamptz not null default now())')
    const { rows } = await client.query<{ name: string }>('select name from public.desk_migrations')
    const done = new Set(rows.map(({ name }) => name))
    for (const name of readdirSync(FOLDER).sort()) {
      if (!name.endsWith('.sql') || done.has(name)) continue
      // One round trip each: a database far away would make a start of them.
      const told = `insert into public.desk_migrations (name) values (${pg.escapeLiteral(name)})`
      await client.query(`${readFileSync(new URL(name, FOLDER), 'utf8')}\n;\nreset role;\n${told}`)
    }
    await admitApp(client, settings)
    await seedAgents(client, settings)
    await client.query('commit')
  } finally {
    await client.end()
  }
}

/** All instances' pools must leave Postgres a fifth of its connections, or the first busy day takes it down. */
async function refuseTooManyConnections(client: pg.Client, settings: Settings): Promise<void> {
  const { rows } = await client.query<{ max: number; reserved: number }>(
    `select current_setting('max_connections')::int as max,
            current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int as reserved`,
  )
  const { max, reserved } = rows[0] ?? { max: 100, reserved: 3 }
  const wanted = connectionsMax(settings) * settings.INSTANCES
  const allowed = Math.floor(0.8 * (max - reserved))
  if (wanted > allowed) {
    throw new Error(
      `the pools want ${wanted} connections (${settings.INSTANCES} instances), Postgres can spare ${allowed}: ` +
        'lower POOL_CHEAP, POOL_EXPENSIVE or POOL_WRITE, or raise max_connections',
    )
  }
}

/** The server's role gets the password that its own address names. */
async function admitApp(client: pg.Client, settings: Settings): Promise<void> {
  const { password } = new URL(settings.DATABASE_URL)
  if (password) await client.query(`alter role app password ${pg.escapeLiteral(decodeURIComponent(password))}`)
}

async function seedAgents(client: pg.Client, settings: Settings): Promise<void> {
  if (settings.SEED_AGENTS.length === 0) return
  const rows = settings.SEED_AGENTS.map(({ secret, secretHash, ...agent }) => ({
    ...agent,
    secretHash: secretHash ?? hashOf(secret ?? ''),
  }))
  await client.query(sql('seed-agents.sql'), [JSON.stringify(rows)])
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
