-- The tenants' data. Every table carries its tenant, and a policy that shows no row of another one: a query that forgets
-- its filter finds nothing, not everything.
set local role app_owner;

create table ledger.customers (
  id bigint generated always as identity primary key,
  tenant text not null,
  name text not null,
  email text not null,
  city text not null,
  created_at timestamptz not null default now()
);
create index on ledger.customers (tenant, id);
comment on table ledger.customers is 'Whom this tenant bills.';

create table ledger.invoices (
  id bigint generated always as identity primary key,
  tenant text not null,
  invoice_number text not null,
  customer_id bigint not null references ledger.customers (id),
  amount_cents bigint not null check (amount_cents > 0),
  currency text not null,
  status text not null default 'open' check (status in ('open', 'paid', 'void')),
  memo text not null default '',
  issued_on date not null default current_date,
  created_by text not null,
  -- Not unique on purpose: that a key makes one row is the server's promise, and this column is where it can be counted.
  idempotency_key text,
  unique (tenant, invoice_number)
);
create index on ledger.invoices (tenant, issued_on);
create index on ledger.invoices (tenant, customer_id);
create index on ledger.invoices (idempotency_key) where idempotency_key is not null;
comment on table ledger.invoices is 'Invoices with amount in cents, status open, paid or void.';

create table ledger.invoice_counters (
  tenant text primary key,
  last_number bigint not null
);
comment on table ledger.invoice_counters is 'The last invoice number given.';

alter table ledger.customers enable row level security;
alter table ledger.invoices enable row level security;
alter table ledger.invoice_counters enable row level security;
create policy own_tenant on ledger.customers using (tenant = current_setting('app.tenant', true));
create policy own_tenant on ledger.invoices using (tenant = current_setting('app.tenant', true));
create policy own_tenant on ledger.invoice_counters using (tenant = current_setting('app.tenant', true));

grant select, insert on ledger.customers, ledger.invoices to app;
grant select, insert, update on ledger.invoice_counters to app;
grant usage on all sequences in schema ledger to app;
grant select on ledger.customers, ledger.invoices to app_readonly;
