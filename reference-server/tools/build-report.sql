-- One month. What is here is small: the pause stands for the millions of rows that a real month has.
select invoice.currency, count(*)::int as invoices, sum(invoice.amount_cents)::bigint as "amountCents"
from ledger.invoices as invoice, pg_sleep($4) as pace
where invoice.tenant = $1 and invoice.issued_on >= $2::date and invoice.issued_on < $3::date
group by invoice.currency
order by invoice.currency
