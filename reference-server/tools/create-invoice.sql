-- One statement, so that the tenant's counter is locked for the shortest time: until COMMIT, one round trip later.
with customer as (
  select id from ledger.customers where tenant = $1 and (account = $2 or name = $2)
  order by account = $2 desc
  limit 1
), number as (
  update ledger.invoice_counters set last_number = last_number + 1
  where tenant = $1 and exists (select from customer)
  returning last_number
)
insert into ledger.invoices (tenant, invoice_number, customer_id, amount_cents, currency, memo, created_by, idempotency_key)
select $1, 'INV-' || lpad(number.last_number::text, 6, '0'), customer.id, $3, $4, $5, $6, $7
from customer, number
returning invoice_number
