-- Connections of the app's role ($1) as Postgres itself counts them; the harness's own are left out. So is whatever bears the role's name and
-- is no client: the workers of parallel statements, and, where the role is the superuser, Postgres' launcher of logical replication. What
-- somebody may not see of others (null) is a client's.
select
  count(*)::int as "connections",
  count(*) filter (where state = 'active')::int as "active",
  count(*) filter (where state = 'active' and clock_timestamp() - query_start > interval '1 second')::int as "activeOverSecond",
  count(*) filter (where state like 'idle in transaction%')::int as "idleInTransaction",
  count(*) filter (where wait_event_type = 'Lock')::int as "lockWaiting",
  (
    select count(*)::int
    from pg_locks join pg_stat_activity as holder using (pid)
    where locktype = 'advisory' and granted and holder.usename = $1 and holder.application_name not like 'stampede%'
  ) as "advisoryLocks",
  coalesce(max(extract(epoch from clock_timestamp() - query_start)) filter (where state = 'active'), 0)::float8 * 1000 as "longestActiveMs",
  current_setting('max_connections')::int as "maxConnections"
from pg_stat_activity
where usename = $1 and application_name not like 'stampede%' and coalesce(backend_type, 'client backend') = 'client backend'
