-- The server's own records: who may call, and which keys were used for which write.
set local role app_owner;

create table desk.agent_keys (
  key_id text primary key,
  secret_hash text not null check (secret_hash ~ '^[0-9a-f]{64}$'),
  agent text not null,
  tenant text not null,
  scopes text[] not null,
  error_surface text not null default 'http' check (error_surface in ('http', 'tool')),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

create table desk.idempotency_keys (
  tenant text not null,
  agent text not null,
  tool text not null,
  key text not null,
  arguments_hash text not null,
  result json,
  created_at timestamptz not null default now(),
  primary key (tenant, agent, tool, key)
);

grant select on desk.agent_keys to app;
grant select, insert, update on desk.idempotency_keys to app;
