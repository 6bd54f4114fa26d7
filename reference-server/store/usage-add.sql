insert into desk.usage (tenant, agent, tool, calls, errors, postgres_ms, upstream_ms, tokens_in)
select tenant, agent, tool, calls, errors, postgres_ms, upstream_ms, tokens_in
from json_to_recordset($1::json)
  as counted (tenant text, agent text, tool text, calls bigint, errors bigint, postgres_ms float8, upstream_ms float8, tokens_in bigint)
