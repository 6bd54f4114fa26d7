insert into desk.audit (tenant, agent, key_id, tool, arguments_hash, request_id, trace_id)
values ($1, $2, $3, $4, $5, $6, $7)
