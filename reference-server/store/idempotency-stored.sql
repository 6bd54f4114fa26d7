select arguments_hash, result
from desk.idempotency_keys
where tenant = $1 and agent = $2 and tool = $3 and key = $4
