select key_id, agent, tenant, scopes, error_surface, tier, priority, limits, secret_hash
from desk.agent_keys
where key_id = $1 and revoked_at is null
