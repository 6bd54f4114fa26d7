-- A person's yes holds for a week: less than the 30 days for which a key writes once, so that one yes stays one refund.
select id, decision, reason, coalesce(decision = 'approved' and decided_at < now() - interval '7 days', false) as lapsed
from desk.reviews
where tenant = $1 and asked_by = $2 and tool = $3 and arguments_hash = $4
