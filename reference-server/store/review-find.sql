select id, decision, reason
from desk.reviews
where tenant = $1 and asked_by = $2 and tool = $3 and arguments_hash = $4
