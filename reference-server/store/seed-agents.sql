-- What was decided of a key while the server ran (manage_agent, an operator) outlives a start with the same settings: a revoked key
-- stays revoked. Another secret under its id is another key.
insert into desk.agent_keys (key_id, secret_hash, agent, tenant, scopes, error_surface, tier, priority)
select "keyId", "secretHash", agent, tenant, array(select json_array_elements_text(scopes)), coalesce("errorSurface", 'http'),
       coalesce(tier, 'paid'), priority
from json_to_recordset($1::json)
  as given ("keyId" text, "secretHash" text, agent text, tenant text, scopes json, "errorSurface" text, tier text, priority text)
on conflict (key_id) do update
set secret_hash = excluded.secret_hash, agent = excluded.agent, tenant = excluded.tenant, scopes = excluded.scopes,
    error_surface = excluded.error_surface,
    tier = case when agent_keys.changed_at is null then excluded.tier else agent_keys.tier end,
    priority = case when agent_keys.changed_at is null then excluded.priority else agent_keys.priority end,
    revoked_at = case when agent_keys.secret_hash = excluded.secret_hash then agent_keys.revoked_at end
