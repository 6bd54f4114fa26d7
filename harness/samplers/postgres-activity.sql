-- Connections of the app's role ($1) as Postgres itself counts them; the harness's own are left out. So are the workers of parallel
-- statements: they bear the role's name, and are neither connections nor statements of their own.
select
  count(*)::int as "connections",
  count(*) filter (where state = 'active')::int as "active",
  count(*) filter (where state = 'active' and clock_timestamp() - query_start > interval '1 second')::int as "activeOverSecond",
  count(*) filter (where state like 'idle in transaction%')::int as "idleInTransaction",
  count(*) filter (where wait_event_type = 'Lock')::int as "lockWaiting",
  coalesce(max(extract(epoch from clock_timestamp() - query_start)) filter (where state = 'active'), 0)::float8 * 1000 as "longestActiveMs",
  current_setting('max_connections')::int as "maxConnections"
from pg_stat_activity
where usename = $1 and application_name not like 'stampede%' and backend_type is distinct from 'parallel worker'
