select id, tenant, to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, agent, key_id as "keyId", tool,
       arguments_hash as "argumentsHash", request_id as "requestId", trace_id as "traceId"
from desk.audit
where tenant = $1
  and at >= greatest($2::date, current_date - $6::int) and at < $3::date + 1
  and id > $4
order by id
limit $5
