// What can be seen of a target, decided before the run: for each thing that a check may need, `true` or the line that
// would make it so. What a target does not offer is not judged; it is never guessed.
import type { Declared, Observe, Target } from '../target.ts'
import type { Plan } from './plan.ts'
import { secretsIn } from './secrets.ts'

/** Dependencies that checks ask for by name, whether or not the target has them. */
const KNOWN_DEPENDENCIES = ['postgres', 'redis', 'upstream'] as const

/** @returns keys of `Manifest.offers` → true, or the line to add to the target */
export function offersOf(target: Target, plan: Plan, declared: Declared, observe: Observe): Record<string, true | string> {
  const { metrics } = observe
  const firstRole = Object.keys(plan.roles)[0] ?? 'cheapRead'
  const metric = (name: string, present: string | undefined, example: string) => {
    const line = `${name}: '${example}'`
    return offered(present, `observe: { metrics: { ${metrics ? '' : "url: 'http://…/metrics', "}${line} } }`)
  }
  const roles = Object.keys(plan.roles) as (keyof Plan['roles'])[]
  const deadlines = roles.some((role) => plan.roles[role]?.deadlineMs !== undefined)
  // A database that we started, or one whose address we were given.
  const readable = target.dependencies?.postgres === 'embedded' || observe.postgres?.urlFrom !== undefined
  const effects = roles.some((role) => target.tools?.[role]?.effects !== undefined)
  return {
    responses: true,
    priorities: offered(target.agents?.priority, "agents: { priority: (index) => (index < 5 ? 'critical' : 'batch') }"),
    deadlines: offered(deadlines || undefined, `tools: { ${firstRole}: { deadlineMs: 10_000 } }`),
    'declared.perAgent': offered(declared.perAgent, 'declared: { perAgent: { ratePerMinute: 60, burst: 10 } }'),
    'declared.poolMax': offered(declared.poolMax, 'declared: { poolMax: 20 }'),
    'declared.queueMax': offered(declared.queueMax, 'declared: { queueMax: 50 }'),
    'declared.breakerOpenMs': offered(declared.breakerOpenMs, 'declared: { breakerOpenMs: 30_000 }'),
    'declared.breakerProbes': offered(declared.breakerProbes, 'declared: { breakerProbes: 3 }'),
    'declared.outputMaxBytes': offered(declared.outputMaxBytes, 'declared: { outputMaxBytes: 1_000_000 }'),
    'observe.postgres': offered((readable && observe.postgres) || undefined, "observe: { postgres: { role: 'app', urlFrom: 'PG_URL' } }"),
    'observe.metrics.poolUsed': metric('poolUsed', metrics?.poolUsed, 'db_pool{state="used"}'),
    'observe.metrics.poolWaiting': metric('poolWaiting', metrics?.poolWaiting, 'db_pool{state="waiting"}'),
    'observe.metrics.poolWaitingMax': metric('poolWaitingMax', metrics?.poolWaitingMax, 'db_pool_waiting_max'),
    'observe.metrics.loopDelaySecondsP99': metric('loopDelaySecondsP99', metrics?.loopDelaySecondsP99, 'nodejs_eventloop_lag_p99_seconds'),
    growth: offered(
      target.start ?? metrics?.heapBytes ?? metrics?.sessions,
      "observe: { metrics: { url: 'http://…/metrics', heapBytes: 'nodejs_heap_size_used_bytes', sessions: 'mcp_sessions' } }",
    ),
    residue: offered(
      target.start ??
        ((readable && observe.postgres) || undefined) ??
        metrics?.inFlight ??
        metrics?.poolUsed ??
        metrics?.poolWaiting ??
        metrics?.leases,
      "observe: { metrics: { url: 'http://…/metrics', inFlight: 'http_requests_in_flight' } }",
    ),
    alerts: offered(
      (metrics && observe.alerts) || undefined,
      "observe: { metrics: { url: 'http://…/metrics' }, alerts: { rules: 'alerts.yml' } }",
    ),
    cost: offered(
      target.start ?? metrics?.heapBytes ?? observe.logs?.file,
      "observe: { logs: { file: 'server.log', requestId: 'request_id' }, metrics: { url: 'http://…/metrics', heapBytes: 'nodejs_heap_size_used_bytes' } }",
    ),
    'observe.metrics.breakerOpen': metric('breakerOpen', metrics?.breakerOpen, 'breaker_state==1'),
    after: offered(plan.afterMs, 'phases: { quick: { …, afterS: 5 }, full: { …, afterS: 30 } } (in the scenario)'),
    'observe.probes': offered(
      observe.probes && Object.values(observe.probes)[0],
      "observe: { probes: { live: 'http://…/livez', ready: 'http://…/readyz' } }",
    ),
    effects: offered(
      (readable && effects) || undefined,
      effects
        ? "observe: { postgres: { role: 'app', urlFrom: 'PG_URL' } }"
        : "tools: { write: { effects: { sql: 'select request_id as key, count(*) as rows from … where request_id like $1 group by 1' } } }",
    ),
    ...linkOffers(target, plan),
    logs: logsOffer(target, observe),
    spans: spansOffer(target, observe),
    secrets: secretsOffer(plan),
    tenants: offered(
      roles.find((role) => plan.roles[role]?.tenants !== undefined),
      `tools: { ${firstRole}: { tenants: [{ at: '/structuredContent/rows', each: '/tenant' }] } }`,
    ),
    credentials: offered(target.agents?.credentials, "agents: { credentials: { expired: (identity) => ({ authorization: '…' }) } }"),
  }
}

/** A server writes its log to the stdout that we gave it, or into a file that we were told of. */
function logsOffer(target: Target, { logs }: Observe): true | string {
  const seen = logs !== undefined && (target.start !== undefined || logs.file !== undefined)
  return seen || `observe: { logs: { ${target.start ? '' : "file: 'server.log', "}requestId: 'request_id' } }`
}

/** There is something to look for: some call's arguments hold a planted secret. */
function secretsOffer({ agents }: Plan): true | string {
  const planted = agents.some(({ tasks }) =>
    tasks.some(({ calls }) => calls.some((call) => secretsIn(JSON.stringify(call.arguments)).length > 0)),
  )
  return planted || 'tools: { write: { arguments: (draw) => ({ note: draw.secret() }) } }'
}

/** A server that we start is told where the collector is; another one must be told by its owner. */
function spansOffer(target: Target, { spans }: Observe): true | string {
  if (!target.start)
    return (
      spans?.port !== undefined ||
      'observe: { spans: { port: 4318 } }, and OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 for the server'
    )
  return spans !== undefined || 'start: { env: ({ collector }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector }) }, observe: { spans: {} }'
}

/**
 * The proxy stands before every dependency that the target names (whether a server that somebody else started goes that way, the run finds
 * out), and before the server itself unless it speaks TLS.
 */
function linkOffers(target: Target, plan: Plan): Record<string, true | string> {
  const named = Object.keys(target.dependencies ?? {})
  const needed = Object.values(plan.roles).flatMap(({ needs }) => needs.map((need) => need.split(':')[0] ?? need))
  const offers: Record<string, true | string> = {}
  for (const name of new Set([...KNOWN_DEPENDENCIES, ...needed, ...named])) {
    const line = `dependencies: { ${name}: { address: 'localhost:…' } }`
    offers[`link:${name}`] = named.includes(name) || line
  }
  const overTls = typeof target.url === 'string' && target.url.startsWith('https:')
  offers['link:server'] = !overTls || "url: 'http://…' (no proxy can stand before TLS)"
  return offers
}

function offered(present: unknown, line: string): true | string {
  return present !== undefined || line
}
