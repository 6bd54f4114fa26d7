update desk.idempotency_keys
set result = $5
where tenant = $1 and agent = $2 and tool = $3 and key = $4
