// What faults may leave behind in a Postgres and a Redis: all of it, so that two moments can be compared.
import type { Environment } from '../../environment/service.ts'
import { postgresLook } from '../postgres-session.ts'
import { RedisSession, redisLook } from '../redis-session.ts'

const POSTGRES = `select
  (select json_agg(p order by policyname) from pg_policies p) as policies,
  (select json_object_agg(oid::regclass, relrowsecurity) from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r') as tables,
  (select json_object_agg(rolname, rolconnlimit) from pg_roles where rolname = 'app') as roles,
  (select json_agg(name || '=' || setting) from pg_file_settings where sourcefile like '%auto.conf') as settings,
  (select count(*)::int from pg_locks where granted and mode = 'AccessExclusiveLock' and relation is not null) as locks`
const REDIS = ['maxmemory', 'maxmemory-policy', 'replica-serve-stale-data', 'min-replicas-to-write', 'lua-time-limit']

/** As a text; a service that does not do its work shows as the word for it. */
export async function stateOf({ links, postgres, redis }: Environment): Promise<string> {
  if (!postgres || !redis || !links.postgres || !links.redis) throw new Error('nothing to look at')
  const { postgres: postgresLink, redis: redisLink } = links
  const write =
    'begin; update ledger.invoice_counters set last_number = last_number; insert into ledger.invoices (tenant, amount_cents) values (1, 1); insert into ledger.rates values (gen_random_uuid()::text, 1); select 1 from ledger.invoices for update; rollback'
  const looks = await Promise.all([
    postgresLook(postgresLink, `set lock_timeout = '200ms'; ${write}`, { limitMs: 700 }),
    postgresLook(postgresLink, 'select 1', { user: 'app', limitMs: 700 }),
    redisLook(redisLink, ['SET', 'state', '1', 'PX', '100'], undefined, 700),
  ])
  const words = looks.map(({ error }) => error ?? 'well')
  const [kept] = words[0] === 'well' || words[0] === '25006' ? await postgres.query(POSTGRES) : []
  return JSON.stringify({ words, kept, redis: words[2] === 'well' ? await settingsOf(redis.address) : undefined }, null, 1)
}

async function settingsOf(address: string): Promise<unknown[]> {
  using session = await RedisSession.open(address)
  return await Promise.all([session.ask('ROLE'), ...REDIS.map((name) => session.ask('CONFIG', 'GET', name))])
}
