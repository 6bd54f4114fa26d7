-- A key of one's own tenant only. Limits that are given replace those that were; null takes one away, and the tier's count again.
update desk.agent_keys
set revoked_at = case when $3 then coalesce(revoked_at, now()) else revoked_at end,
    tier = coalesce($4, tier),
    priority = coalesce($5, priority),
    limits = jsonb_strip_nulls(limits || $6::jsonb),
    changed_at = now()
where tenant = $1 and key_id = $2
returning tenant, key_id as "keyId", agent, revoked_at is not null as revoked, tier, priority, limits
