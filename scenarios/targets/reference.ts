// The reference server as a target: written with the very type that users have, and nothing more.
// Its agents carry keys of pattern A, the same on every machine; they belong to two tenants in turn. Deadlines are the tools' own
// and fit the quick scale (2 to 3 s). Connections: three bulkheads of `poolMax` (or 10, 4 and 4) and two of administration, all as
// the database role `app`.
import { type Declared, type TargetContext, target } from '../../harness/target.ts'
import { agents, callersOf } from './reference-auth.ts'
import { roles } from './reference-roles.ts'

const ADMIN_CONNECTIONS = 2
/** Of those agents to whom the scenario gives one; the others are what their tier is. */
const PRIORITIES = ['critical', 'normal', 'batch'] as const
/** The server's table of errors, whole. */
const ERROR_CODES = [
  ...['RATE_LIMITED', 'CONCURRENCY_LIMITED', 'OVERLOADED', 'DEPENDENCY_UNAVAILABLE', 'DRAINING', 'QUEUE_FULL', 'TOOL_TIMEOUT'],
  ...[
    'UNAUTHENTICATED',
    'INSUFFICIENT_SCOPE',
    'POLICY_REVIEW_REQUIRED',
    'DENIED',
    'IDEMPOTENCY_IN_PROGRESS',
    'IDEMPOTENCY_MISMATCH',
    'IDEMPOTENCY_REQUIRED',
  ],
  ...['INVALID_ARGUMENTS', 'OUTCOME_UNKNOWN', 'REQUEST_TOO_LARGE', 'RESULT_TOO_LARGE', 'INTERNAL', 'PARSE_ERROR', 'INVALID_REQUEST'],
  ...[
    'METHOD_NOT_FOUND',
    'METHOD_NOT_ALLOWED',
    'UNSUPPORTED_MEDIA_TYPE',
    'INVALID_PARAMS',
    'HEADER_MISMATCH',
    'CAPABILITY_REQUIRED',
    'PROTOCOL_VERSION',
  ],
]
/** A result of 256 KiB stands in an answer twice, once as text with its quotes escaped. */
const ANSWER_MAX_BYTES = 700_000

/** What the server uses when a scenario asks for nothing else: its own defaults, but a breaker that fits the quick scale. */
function limitsOf({ settings, scale }: TargetContext) {
  return {
    ratePerMinute: settings.agentRatePerMinute ?? 60,
    burst: settings.agentBurst ?? 10,
    concurrency: settings.agentConcurrency ?? 5,
    toolRatePerMinute: settings.agentToolRatePerMinute ?? 10,
    toolBurst: settings.agentToolBurst ?? 5,
    pools: { cheap: settings.poolMax ?? 10, expensive: settings.poolMax ?? 4, write: settings.poolMax ?? 4 },
    queueMax: settings.queueMax ?? 50,
    acquireTimeoutMs: settings.acquireTimeoutMs ?? 1_000,
    deadlineMs: settings.deadlineMs ?? 25_000,
    breakerFailures: settings.breakerFailures ?? 20,
    breakerFailingMs: settings.breakerFailingMs ?? 5_000,
    breakerOpenMs: settings.breakerOpenMs ?? (scale === 'quick' ? 2_000 : 5_000),
  }
}

function environmentOf(context: TargetContext): Record<string, string> {
  const limits = limitsOf(context)
  const { at, given, collector, ports, instance, instances, weaken } = context
  const numbers = {
    PORT: ports.server,
    ADMIN_PORT: ports.admin,
    INSTANCES: instances,
    // A balancer needs a moment to hear that one is leaving.
    DRAIN_DELAY_MS: instances > 1 ? 750 : 0,
    AGENT_RATE_PER_MINUTE: limits.ratePerMinute,
    AGENT_BURST: limits.burst,
    AGENT_CONCURRENCY: limits.concurrency,
    AGENT_TOOL_RATE_PER_MINUTE: limits.toolRatePerMinute,
    AGENT_TOOL_BURST: limits.toolBurst,
    ...budgetsBeside(limits, context.agents.length),
    POOL_CHEAP: limits.pools.cheap,
    POOL_EXPENSIVE: limits.pools.expensive,
    POOL_WRITE: limits.pools.write,
    QUEUE_MAX: limits.queueMax,
    ACQUIRE_TIMEOUT_MS: limits.acquireTimeoutMs,
    DEADLINE_LONGEST_MS: limits.deadlineMs,
    BREAKER_FAILURES: limits.breakerFailures,
    BREAKER_FAILING_MS: limits.breakerFailingMs,
    BREAKER_OPEN_MS: limits.breakerOpenMs,
    ...(context.settings.inFlightMax !== undefined && { IN_FLIGHT_MAX: context.settings.inFlightMax }),
    HEAP_COLLECT_EVERY_MS: context.settings.heapCollectEveryMs ?? 0,
  }
  return {
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
    DATABASE_URL: asApp(given.postgres ?? `postgres://postgres@${at.postgres}/postgres`),
    DATABASE_ADMIN_URL: given.postgres ?? `postgres://postgres@${at.postgres}/postgres`,
    REDIS_URL: given.redis ?? `redis://${at.redis}`,
    UPSTREAM_URL: at.upstream === undefined ? '' : `http://${at.upstream}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
    INSTANCE: `server-${instance}`,
    ...callersOf(context),
    WEAKNESS: weaken ?? '',
  }
}

/** Hours, tenants and tools over all agents: as wide as the minutes of all agents together, so that what is declared binds. */
function budgetsBeside({ ratePerMinute, burst, concurrency }: ReturnType<typeof limitsOf>, agents: number) {
  return {
    AGENT_RATE_PER_HOUR: Math.max(1_000, 60 * ratePerMinute),
    AGENT_RATE_PER_DAY: Math.max(10_000, 24 * 60 * ratePerMinute),
    TENANT_RATE_PER_MINUTE: Math.max(12_000, agents * ratePerMinute),
    TENANT_BURST: Math.max(2_000, agents * burst),
    TOOL_RATE_PER_MINUTE: Math.max(30_000, agents * ratePerMinute),
    TOOL_BURST: Math.max(5_000, agents * burst),
    TOOL_CONCURRENCY: Math.max(500, agents * concurrency),
  }
}

/** Migrations make the role; a Postgres of one's own must let it log in with the same password, or with none. */
function asApp(url: string): string {
  const own = new URL(url)
  own.username = 'app'
  return own.href
}

function declared(context: TargetContext): Declared {
  const { ratePerMinute, burst, toolRatePerMinute, toolBurst, concurrency, pools, ...limits } = limitsOf(context)
  const ofOneTool = { ratePerMinute: toolRatePerMinute, burst: toolBurst }
  return {
    perAgent: { ratePerMinute, burst },
    perAgentTool: { expensiveRead: ofOneTool, slow: ofOneTool, large: ofOneTool },
    concurrentCalls: concurrency,
    poolMax: pools.cheap + pools.expensive + pools.write + ADMIN_CONNECTIONS,
    queueMax: limits.queueMax,
    acquireTimeoutMs: limits.acquireTimeoutMs,
    instances: context.instances,
    breakerOpenMs: limits.breakerOpenMs,
    breakerProbes: 1,
    outputMaxBytes: ANSWER_MAX_BYTES,
    errorCodes: ERROR_CODES,
  }
}

export default target({
  url: ({ ports }) => `http://127.0.0.1:${ports.server}/v1/mcp`,
  agents: {
    count: 50,
    ...agents,
    tenant: (index) => `t${index % 2}`,
    priority: (index) => PRIORITIES[index % 3] ?? 'normal',
  },
  tools: roles,
  declared,
  dependencies: { postgres: 'embedded', redis: 'embedded', upstream: 'embedded', 'identity-provider': 'embedded' },
  start: {
    command: 'node reference-server/main.ts',
    cwd: `${import.meta.dirname}/../..`,
    harnessNode: true,
    env: environmentOf,
    ready: ({ ports }) => `http://127.0.0.1:${ports.admin}/readyz`,
  },
  observe: ({ ports }) => ({
    metrics: {
      url: `http://127.0.0.1:${ports.admin}/metrics`,
      poolUsed: 'pool_connections{state="used"}',
      poolWaiting: 'pool_waiting',
      poolWaitingMax: 'pool_waiting_max',
      poolWaitSecondsMax: 'pool_wait_seconds_max',
      breakerOpen: 'breaker_state==1',
      leases: 'leases_held',
      limiterLocal: 'limiter_mode==1',
      loopDelaySecondsP99: 'event_loop_delay_p99_seconds',
      loopBusyShare: 'event_loop_busy_ratio',
      heapBytes: 'heap_after_gc_bytes',
      inFlight: 'calls_in_flight',
    },
    postgres: { role: 'app' },
    probes: { live: `http://127.0.0.1:${ports.admin}/livez`, ready: `http://127.0.0.1:${ports.admin}/readyz` },
    alerts: { rules: `http://127.0.0.1:${ports.admin}/alerts.yml`, job: 'ledger-desk' },
    instanceHeader: 'x-instance',
    spans: {},
    logs: { requestId: 'request_id', durationMs: 'duration_ms' },
  }),
  runbook: 'reference-server/operations/runbook.md',
  weaknesses: { folder: 'reference-server/weaknesses' },
})
