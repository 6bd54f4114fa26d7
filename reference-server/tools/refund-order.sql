-- The order's row is the lock: a refund that waits for another one reads the condition anew against what that one has left. A
-- sum over the refunds would be read before the wait, and two refunds together could give back more than the order cost.
with owed as (
  update ledger.orders
  set refunded_cents = refunded_cents + $3
  where tenant = $1 and order_number = $2 and refunded_cents + $3 <= amount_cents
  returning id, currency, amount_cents - refunded_cents as left_cents
), refund as (
  insert into ledger.refunds (tenant, order_id, amount_cents, reason, created_by, idempotency_key)
  select $1, owed.id, $3, $4, $5, $6 from owed
  returning id
)
select refund.id, owed.currency, owed.left_cents from refund, owed
