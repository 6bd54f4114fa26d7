// Fills the Postgres at SEED_URL with ledger.sql: what example targets do before they start a server that reads it.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import pg from 'pg'

const client = new pg.Client({ connectionString: process.env.SEED_URL, connectionTimeoutMillis: 10_000, query_timeout: 30_000 })
await client.connect()
// Several instances may start at once.
await client.query('select pg_advisory_lock(9)')
await client.query(readFileSync(new URL('ledger.sql', import.meta.url), 'utf8'))
await client.end()
