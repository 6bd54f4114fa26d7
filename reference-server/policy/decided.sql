select tool, tier, facts, decision, reason
from desk.reviews
where decision is not null
order by decided_at, id
limit 10000
