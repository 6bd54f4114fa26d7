-- One row when the key is ours to use; none when it was used before. Waits for a transaction that holds it, up to lock_timeout.
insert into desk.idempotency_keys (tenant, agent, tool, key, arguments_hash)
values ($1, $2, $3, $4, $5)
on conflict do nothing
returning true as claimed
