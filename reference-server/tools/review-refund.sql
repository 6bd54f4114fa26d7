-- Decides what nobody has decided; without a decision ($3) it only shows it. Who asked cannot decide: the word is another's.
with decided as (
  update desk.reviews
  set decision = $3, reason = $4, decided_by = $5, decided_at = now()
  where tenant = $1 and id = $2 and tool = 'refund_order' and decision is null and asked_by <> $5 and $3::text is not null
  returning *
)
select tenant, id as "reviewId", decision, reason, asked_by as "askedBy", arguments, true as now from decided
union all
select tenant, id, decision, reason, asked_by, arguments, false from desk.reviews
where tenant = $1 and id = $2 and tool = 'refund_order' and not exists (select from decided)
