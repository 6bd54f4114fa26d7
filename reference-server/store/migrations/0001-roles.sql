-- Three roles: `app_owner` owns everything and never logs in; `app` is the server: it owns nothing, so row-level security binds
-- it; `app_readonly` is what a caller's own SQL runs as. Roles belong to the whole cluster: another database may have made them.
do $$
begin
  if not exists (select from pg_roles where rolname = 'app_owner') then create role app_owner nologin; end if;
  if not exists (select from pg_roles where rolname = 'app') then create role app login nobypassrls; end if;
  if not exists (select from pg_roles where rolname = 'app_readonly') then create role app_readonly nologin nobypassrls; end if;
end $$;

grant app_readonly to app with inherit false, set true;

create schema ledger authorization app_owner;
create schema desk authorization app_owner;
grant usage on schema ledger to app, app_readonly;
grant usage on schema desk to app;
