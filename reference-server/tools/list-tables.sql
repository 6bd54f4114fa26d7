select class.relname as name,
       coalesce(obj_description(class.oid, 'pg_class'), '') as description,
       (select count(*) from pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped) as columns
from pg_class as class
where class.relnamespace = 'ledger'::regnamespace
  and class.relkind = 'r'
  and has_table_privilege('app_readonly', class.oid, 'select')
order by class.relname
