-- What the faults need of a server's database: tables of two tenants behind row-level security, one without, and a role that owns none.
create role app login nobypassrls;
create schema ledger;
grant usage on schema ledger to app;

create table ledger.invoices (id bigint generated always as identity primary key, tenant text not null, amount_cents bigint not null);
create table ledger.invoice_counters (tenant text primary key, last_number bigint not null);
create table ledger.rates (currency text primary key, rate numeric not null);
create table ledger.owned (id bigint primary key);

insert into ledger.invoices (tenant, amount_cents) select tenant, n from unnest(array['t0', 't1']) as tenant, generate_series(1, 50) as n;
insert into ledger.invoice_counters values ('t0', 50), ('t1', 50);
insert into ledger.rates values ('EUR', 1), ('USD', 1.1);

alter table ledger.invoices enable row level security;
create policy own_tenant on ledger.invoices using (tenant = current_setting('app.tenant', true));
alter table ledger.owned owner to app;
grant select, insert, update, delete on ledger.invoices, ledger.invoice_counters, ledger.rates to app;
