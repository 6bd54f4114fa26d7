-- Asked twice at once, it is one review; the update makes it visible to both. A yes that has lapsed is taken back, and asked for anew.
insert into desk.reviews (tenant, asked_by, tool, arguments_hash, tier, facts, arguments)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant, asked_by, tool, arguments_hash) do update set (decision, reason, decided_by, decided_at) = (
  select reviews.decision, reviews.reason, reviews.decided_by, reviews.decided_at
  where reviews.decision = 'rejected' or reviews.decided_at >= now() - interval '7 days'
)
returning id
