-- Two tenants with 200 customers and 3,000 invoices each, the same on every machine: something to list, sum and group.
insert into ledger.customers (tenant, name, email, city)
select tenant, 'Customer ' || n, 'customer-' || n || '@' || tenant || '.example', (array['Oslo', 'Lima', 'Pune', 'Graz', 'Kobe'])[1 + n % 5]
from unnest(array['t0', 't1']) as tenant, generate_series(1, 200) as n;

insert into ledger.invoices (tenant, invoice_number, customer_id, amount_cents, currency, status, memo, issued_on, created_by)
select customer.tenant,
       'INV-' || lpad((row_number() over (partition by customer.tenant order by customer.id, n))::text, 6, '0'),
       customer.id,
       100 + (customer.id * 7919 + n * 104729) % 500000,
       (array['EUR', 'USD', 'JPY'])[1 + (customer.id + n) % 3],
       (array['open', 'paid', 'paid', 'void'])[1 + (customer.id + n) % 4],
       (array['Freight, two pallets', 'Spare parts', 'Consulting, three days', 'Licences, one year', 'Maintenance', 'Samples'])[1 + (customer.id * 5 + n) % 6],
       date '2026-01-01' + ((customer.id * 31 + n * 17) % 365)::int,
       'sample'
from ledger.customers as customer, generate_series(1, 15) as n;

insert into ledger.invoice_counters (tenant, last_number) values ('t0', 3000), ('t1', 3000);
analyze ledger.customers;
analyze ledger.invoices;
