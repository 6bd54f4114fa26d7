select attribute.attname as name, format_type(attribute.atttypid, attribute.atttypmod) as type, not attribute.attnotnull as nullable
from pg_attribute as attribute
join pg_class as class on class.oid = attribute.attrelid
where class.relnamespace = 'ledger'::regnamespace
  and class.relkind = 'r'
  and class.relname = $1
  and has_table_privilege('app_readonly', class.oid, 'select')
  and attribute.attnum > 0
  and not attribute.attisdropped
order by attribute.attnum
