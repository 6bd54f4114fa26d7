-- Tokens of the identity provider that are refused before they expire. Keys of our own carry `revoked_at` themselves.
set local role app_owner;

create table desk.revoked_tokens (
  id text primary key,
  revoked_by text not null default current_user,
  revoked_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '1 day'
);

create index revoked_tokens_by_time on desk.revoked_tokens (revoked_at);
create index agent_keys_revoked on desk.agent_keys (revoked_at) where revoked_at is not null;

grant select, insert, delete on desk.revoked_tokens to app;
