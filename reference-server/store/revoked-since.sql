-- What was revoked in the last $1 seconds, keys and tokens alike, and keys whose tier or limits were changed: they are read anew.
-- Tokens that have expired anyway are left out.
select id, revoked_at::text as at from (
  select key_id as id, revoked_at from desk.agent_keys where revoked_at > now() - make_interval(secs => $1)
  union all
  select key_id, changed_at from desk.agent_keys where revoked_at is null and changed_at > now() - make_interval(secs => $1)
  union all
  select id, revoked_at from desk.revoked_tokens where revoked_at > now() - make_interval(secs => $1) and expires_at > now()
) as revoked
order by revoked_at desc
limit 10000
