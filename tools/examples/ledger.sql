-- A small ledger for public servers to read: the two tables that scenarios name, and the role that faults look for. May be run again.
do $$ begin
  if not exists (select from pg_roles where rolname = 'app') then create role app login; end if;
end $$;
create schema if not exists ledger;
create table if not exists ledger.customers (id bigint primary key, name text not null, city text not null);
create table if not exists ledger.invoices (
  id bigint primary key,
  customer_id bigint not null references ledger.customers (id),
  amount_cents bigint not null,
  status text not null,
  issued_on date not null
);
insert into ledger.customers
  select n, 'Customer ' || n, (array['Aachen', 'Bern', 'Cork', 'Delft'])[1 + n % 4] from generate_series(1, 400) as n
  on conflict do nothing;
insert into ledger.invoices
  select n, 1 + n % 400, 100 + n * 7919 % 500000, (array['open', 'paid', 'void'])[1 + n % 3], date '2026-01-01' + (n % 365)::int
  from generate_series(1, 6000) as n
  on conflict do nothing;
grant usage on schema ledger to app;
grant select on all tables in schema ledger to app;
analyze ledger.customers;
analyze ledger.invoices;
