-- Deletes what is kept no longer, of all tenants at once, at most 5,000 rows of each kind a time; `app` alone sees one tenant's rows
-- and may delete none. Audit rows live as long as the best tier among the tenant's keys says, a tenant without keys of ours
-- (it has tokens of an identity provider) counts as the best of all. Instances that meet here skip each other's rows.
create function desk.expire(audit_days jsonb) returns bigint
language sql security definer set search_path = ''
begin atomic
  with kept as (
    select tenant, max((audit_days ->> tier)::int) as days from desk.agent_keys where revoked_at is null group by tenant
  ), longest as (
    select max(value::int) as days from jsonb_each_text(audit_days)
  ), audit as (
    delete from desk.audit where id in (
      select audit.id
      from desk.audit cross join longest left join kept using (tenant)
      where audit.at < now() - make_interval(days => coalesce(kept.days, longest.days))
      limit 5000
      for update of audit skip locked
    ) returning 1
  ), used as (
    delete from desk.idempotency_keys where (tenant, agent, tool, key) in (
      select tenant, agent, tool, key from desk.idempotency_keys where created_at < now() - interval '30 days'
      limit 5000
      for update skip locked
    ) returning 1
  ), spent as (
    delete from desk.usage where ctid in (
      select ctid from desk.usage where at < now() - interval '400 days'
      limit 5000
      for update skip locked
    ) returning 1
  )
  select (select count(*) from audit) + (select count(*) from used) + (select count(*) from spent);
end;
alter function desk.expire(jsonb) owner to app_owner;
revoke execute on function desk.expire(jsonb) from public;
grant execute on function desk.expire(jsonb) to app;
create index on desk.idempotency_keys (created_at);
create index on desk.usage (at);
create index on desk.audit (at);
