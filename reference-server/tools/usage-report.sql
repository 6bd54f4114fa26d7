select agent, tool, sum(calls)::bigint as calls, sum(errors)::bigint as errors,
       round(sum(postgres_ms))::bigint as "postgresMs", round(sum(upstream_ms))::bigint as "upstreamMs", sum(tokens_in)::bigint as "tokensIn"
from desk.usage
where tenant = $1 and at >= $2::date and at < $3::date + 1
group by agent, tool
order by sum(postgres_ms) desc, agent, tool
limit 1000
