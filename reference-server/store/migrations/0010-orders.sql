-- What a billing desk works with beside invoices: orders, the money given back on them, and customers that look like customers.
set local role app_owner;

alter table ledger.customers add column account text, add column contact text, add column phone text;

update ledger.customers as customer
set (account, name, email, contact, phone) = (
  select 'C-' || lpad(n::text, 4, '0'),
         company || case customer.tenant when 't0' then ' AS' else ' Ltd' end,
         'billing@' || lower(replace(company, ' ', '-')) || case customer.tenant when 't0' then '.example' else '.test' end,
         (array['Ingrid', 'Mateo', 'Asha', 'Lukas', 'Yuki', 'Amara', 'Noor', 'Elif', 'Tomas', 'Grace'])[1 + n % 10] || ' ' ||
         (array['Solberg', 'Quispe', 'Deshmukh', 'Gruber', 'Tanaka', 'Okafor', 'Haddad', 'Demir', 'Novak', 'Murray', 'Lindqvist'])[1 + n % 11],
         '+00 555 ' || lpad((1000 + n)::text, 4, '0')
  from (
    select n,
           (array['Nordlys', 'Halcyon', 'Brightwater', 'Kestrel', 'Alder', 'Meridian', 'Copperfield', 'Solstice', 'Larkspur', 'Ironbridge',
                  'Bluefin', 'Cedar Row', 'Granite Peak', 'Harbour', 'Juniper', 'Lantern', 'Mosaic', 'Orchard', 'Pinecrest', 'Quayside'])[1 + (n - 1) % 20]
           || ' ' ||
           (array['Freight', 'Foods', 'Textiles', 'Instruments', 'Pharmacy', 'Press', 'Timber', 'Robotics', 'Ceramics', 'Energy'])[1 + (n - 1) / 20]
             as company
    from (select substring(customer.name from '\d+')::int as n) as numbered
  ) as named
)
where customer.name ~ '^Customer \d+$';

alter table ledger.customers alter column account set not null, alter column contact set not null, alter column phone set not null;
alter table ledger.customers add unique (tenant, account), add unique (tenant, name);

create table ledger.orders (
  id bigint generated always as identity primary key,
  tenant text not null,
  order_number text not null,
  customer_id bigint not null references ledger.customers (id),
  amount_cents bigint not null check (amount_cents > 0),
  -- Beside the order, not summed from the refunds: a concurrent refund waits for this row and then sees what the first one left.
  refunded_cents bigint not null default 0 check (refunded_cents between 0 and amount_cents),
  currency text not null,
  status text not null check (status in ('placed', 'shipped', 'delivered', 'returned')),
  placed_on date not null,
  unique (tenant, order_number)
);
create index on ledger.orders (tenant, customer_id);
create index on ledger.orders (tenant, placed_on);
comment on table ledger.orders is 'Orders with amount and money given back in cents, status placed, shipped, delivered or returned.';

create table ledger.refunds (
  id bigint generated always as identity primary key,
  tenant text not null,
  order_id bigint not null references ledger.orders (id),
  amount_cents bigint not null check (amount_cents > 0),
  reason text not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  -- Not unique on purpose, as with invoices.
  idempotency_key text not null
);
create index on ledger.refunds (tenant, order_id);
create index on ledger.refunds (idempotency_key);
comment on table ledger.refunds is 'Money given back on orders, in cents.';

alter table ledger.orders enable row level security;
alter table ledger.refunds enable row level security;
create policy own_tenant on ledger.orders using (tenant = current_setting('app.tenant', true));
create policy own_tenant on ledger.refunds using (tenant = current_setting('app.tenant', true));
grant select on ledger.orders, ledger.refunds to app, app_readonly;
grant update (refunded_cents) on ledger.orders to app;
grant insert on ledger.refunds to app;
grant usage on all sequences in schema ledger to app;

reset role;
insert into ledger.orders (tenant, order_number, customer_id, amount_cents, currency, status, placed_on)
select customer.tenant,
       'ORD-' || lpad((row_number() over (partition by customer.tenant order by customer.id, n))::text, 6, '0'),
       customer.id,
       10000 + (customer.id * 6151 + n * 49157) % 490000,
       (array['EUR', 'USD', 'JPY'])[1 + (customer.id + n) % 3],
       (array['placed', 'shipped', 'delivered', 'delivered', 'returned'])[1 + (customer.id + n) % 5],
       date '2026-01-01' + ((customer.id * 37 + n * 29) % 365)::int
from ledger.customers as customer, generate_series(1, 10) as n;
analyze ledger.customers;
analyze ledger.orders;
