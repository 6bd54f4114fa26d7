-- Each tenant's folders: a tree in a table. Paths start at the tenant's own root, so no path can name another tenant's.
set local role app_owner;

create table ledger.documents (
  tenant text not null,
  path text not null check (path ~ '^(/[^/]+)+$'),
  parent text not null,
  kind text not null check (kind in ('folder', 'file')),
  size_bytes bigint not null default 0,
  modified_on date not null,
  primary key (tenant, path)
);
create index on ledger.documents (tenant, parent, path);
comment on table ledger.documents is 'Folders and files, by path.';
alter table ledger.documents enable row level security;
create policy own_tenant on ledger.documents using (tenant = current_setting('app.tenant', true));
grant select on ledger.documents to app, app_readonly;

reset role;
with file as (
  select tenant, '/invoices/' || to_char(issued_on, 'YYYY/MM') || '/' || invoice_number || '.pdf' as path, 20000 + id * 37 % 90000 as bytes
  from ledger.invoices
  where created_by = 'sample' and id % 10 = 0
  union all
  select tenant, '/contracts/' || lower(replace(name, ' ', '-')) || '/' || document, 150000 + id * 53 % 400000
  from ledger.customers, unnest(array['frame-agreement.pdf', 'prices-2026.pdf', 'correspondence/letter-1.txt']) as document
  where account <= 'C-0040'
  union all
  select tenant, '/reports/' || year || '/q' || quarter || '/summary.pdf', 80000 + year * quarter
  from unnest(array['t0', 't1']) as tenant, generate_series(2023, 2026) as year, generate_series(1, 4) as quarter
  union all
  select tenant, '/archive/2019/moved/from/the/old/server/boxes/' || box || '/list.csv', 4000 + box
  from unnest(array['t0', 't1']) as tenant, generate_series(1, 12) as box
),
entry as (
  select tenant, path, 'file' as kind, bytes from file
  union
  select tenant, '/' || array_to_string(parts[2:depth], '/'), 'folder', 0
  from (select tenant, string_to_array(path, '/') as parts from file) as split, generate_series(2, cardinality(parts) - 1) as depth
)
insert into ledger.documents (tenant, path, parent, kind, size_bytes, modified_on)
select tenant, path, coalesce(nullif(regexp_replace(path, '/[^/]+$', ''), ''), '/'), kind, bytes, date '2026-01-01' + (bytes % 300)::int
from entry;
analyze ledger.documents;
