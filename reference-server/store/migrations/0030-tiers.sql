-- What a key's agent is worth to the business: its tier, its priority when the server is at its limit, limits of its own.
set local role app_owner;

alter table desk.agent_keys
  add column tier text not null default 'paid' check (tier in ('free', 'paid', 'enterprise')),
  add column priority text check (priority in ('batch', 'normal', 'critical')),
  add column limits jsonb not null default '{}';

grant update (tier, priority, limits) on desk.agent_keys to app;
