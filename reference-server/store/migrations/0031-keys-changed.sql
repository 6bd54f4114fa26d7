-- When a key's standing was last changed: instances look for this, beside what was revoked.
alter table desk.agent_keys add column changed_at timestamptz;
create index agent_keys_changed on desk.agent_keys (changed_at) where changed_at is not null;
grant update (changed_at) on desk.agent_keys to app;
