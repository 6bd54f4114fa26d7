-- The folder itself, so that an empty one is told from none, and what lies in it: folders first.
select tenant, path, kind, size_bytes as "sizeBytes", modified_on as "modifiedOn"
from ledger.documents
where tenant = $1
  and (path = $2 or (parent = $2 and (case kind when 'folder' then 0 else 1 end, path) > ($3::int, $4)))
order by path = $2 desc, case kind when 'folder' then 0 else 1 end, path
limit $5
