-- The server's records of what was done and what it cost: an audit row a write, reviews of what wants a person's word, usage.
set local role app_owner;

create table desk.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  tenant text not null,
  agent text not null,
  key_id text not null,
  tool text not null,
  arguments_hash text not null,
  request_id text not null,
  trace_id text
);
create index on desk.audit (tenant, at, id);

create table desk.reviews (
  id uuid primary key default gen_random_uuid(),
  tenant text not null,
  asked_at timestamptz not null default now(),
  asked_by text not null,
  tool text not null,
  tier text not null,
  -- What the policy read, and nothing else: it becomes a test case.
  facts json not null,
  arguments json not null,
  arguments_hash text not null,
  decision text check (decision in ('approved', 'rejected')),
  reason text,
  decided_by text,
  decided_at timestamptz,
  unique (tenant, asked_by, tool, arguments_hash)
);

-- Only ever added to, a row a tool and agent every few seconds: instances do not meet.
create table desk.usage (
  tenant text not null,
  at timestamptz not null default now(),
  agent text not null,
  tool text not null,
  calls bigint not null,
  errors bigint not null,
  postgres_ms double precision not null,
  upstream_ms double precision not null,
  tokens_in bigint not null
);
create index on desk.usage (tenant, at);

alter table desk.idempotency_keys enable row level security;
alter table desk.audit enable row level security;
alter table desk.reviews enable row level security;
alter table desk.usage enable row level security;
create policy own_tenant on desk.idempotency_keys using (tenant = current_setting('app.tenant', true));
create policy own_tenant on desk.audit using (tenant = current_setting('app.tenant', true));
create policy own_tenant on desk.reviews using (tenant = current_setting('app.tenant', true));
create policy own_tenant on desk.usage for select using (tenant = current_setting('app.tenant', true));
-- Usage of several tenants is written at once, between calls.
create policy any_tenant on desk.usage for insert with check (true);

grant select, insert on desk.audit, desk.usage to app;
grant select, insert, update on desk.reviews to app;
grant usage on all sequences in schema desk to app;
grant update (revoked_at) on desk.agent_keys to app;
