// Environment → settings, once, at the edge. A bad value is quoted with its range and the process ends: nothing inside
// looks at the environment again. Defaults are those of the design: 60 calls a minute with a burst of 10, 5 at once.
import { z } from 'zod'
import { PRIORITIES, TIERS } from './tiers.ts'

/** A whole number in a range; the range is told when the value is refused. */
function whole(byDefault: number, from: number, to: number) {
  const problem = `must be a whole number from ${from} to ${to}`
  return z.coerce.number({ error: problem }).int(problem).min(from, problem).max(to, problem).default(byDefault)
}

function url(...protocols: string[]) {
  const problem = `must be an address such as ${protocols[0]}//127.0.0.1:1234`
  return z.string({ error: problem }).refine((value) => protocols.includes(URL.parse(value)?.protocol ?? ''), problem)
}

const SeedAgents = z.array(
  z
    .object({
      agent: z.string().min(1).max(100),
      tenant: z.string().regex(/^[a-z0-9-]{1,40}$/),
      keyId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
      /** SHA-256 of the secret, hex. For tests and tries the secret itself will do: it is hashed on the way in. */
      secretHash: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional(),
      secret: z
        .string()
        .regex(/^[A-Za-z0-9-]{16,256}$/)
        .optional(),
      scopes: z.array(z.string()).max(20),
      errorSurface: z.enum(['http', 'tool']).optional(),
      tier: z.enum(TIERS).optional(),
      priority: z.enum(PRIORITIES).optional(),
    })
    .refine(({ secret, secretHash }) => secret !== undefined || secretHash !== undefined, 'needs a secretHash, or a secret'),
)

/** A token or a secret that travels in the clear belongs to whoever listens; on one machine nobody does. */
function isSafe(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

function jsonList(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return 'not JSON'
  }
}

const Environment = z.object({
  PORT: whole(8080, 0, 65_535),
  ADMIN_PORT: whole(8081, 0, 65_535),
  HOST: z.string().default('127.0.0.1'),
  DATABASE_URL: url('postgres:', 'postgresql:'),
  DATABASE_ADMIN_URL: url('postgres:', 'postgresql:'),
  REDIS_URL: url('redis:', 'rediss:'),
  INSTANCE: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots or dashes')
    .default('server-1'),
  /** Instances that share Postgres and Redis: they divide connections and, without Redis, rates. */
  INSTANCES: whole(1, 1, 100),
  WEAKNESS: z.string().default(''),
  /** 1: the official suite's fixtures instead of the product, and everybody is let in; on this machine only. */
  CONFORMANCE: z.enum(['', '1'], { error: 'must be empty or 1' }).default(''),
  ALLOWED_HOSTS: z.string().default('localhost,127.0.0.1,[::1]'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent'], { error: 'must be debug, info, warn, error or silent' }).default('info'),
  /** Key of the arguments' hash in the log; without it each start has its own. */
  LOG_HASH_KEY: z.string().default(''),
  /** Where spans go, OTLP over HTTP: http://127.0.0.1:4318. Empty: no tracing. */
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:').or(z.literal('')).default(''),
  OTEL_SERVICE_NAME: z.string().max(100).default('ledger-desk'),
  SEED_AGENTS: z.string().default('[]').transform(jsonList).pipe(SeedAgents.max(10_000)),

  /** keys: `mcp_<keyId>_<secret>` · oauth: an identity provider's JWT · mtls: the same, bound to a client certificate. */
  AUTH: z.enum(['keys', 'oauth', 'mtls'], { error: 'must be keys, oauth or mtls' }).default('keys'),
  OAUTH_ISSUER: url('https:', 'http:').refine(isSafe, 'must be https, or http on this machine').or(z.literal('')).default(''),
  /** This server's own address as its callers know it, such as https://desk.example/v1/mcp. */
  OAUTH_AUDIENCE: url('https:', 'http:').or(z.literal('')).default(''),
  OAUTH_TIMEOUT_MS: whole(1_000, 50, 10_000),
  OAUTH_CLOCK_SKEW_S: whole(5, 0, 300),
  OAUTH_KEYS_FRESH_MS: whole(300_000, 100, 86_400_000),
  OAUTH_KEYS_STALE_MS: whole(3_600_000, 100, 604_800_000),
  /** What this server is to the provider when it exchanges a user's token for one of the upstream (RFC 8693). */
  OAUTH_CLIENT_ID: z.string().max(200).default(''),
  OAUTH_CLIENT_SECRET: z.string().max(1_000).default(''),
  UPSTREAM_AUDIENCE: z.string().max(1_000).default(''),
  /** PEM files of AUTH=mtls: this server's certificate and key, and who signs its callers' certificates. */
  TLS_CERT_FILE: z.string().default(''),
  TLS_KEY_FILE: z.string().default(''),
  TLS_CLIENT_CA_FILE: z.string().default(''),

  AGENT_RATE_PER_MINUTE: whole(60, 1, 1_000_000),
  AGENT_BURST: whole(10, 1, 100_000),
  AGENT_CONCURRENCY: whole(5, 1, 10_000),
  AGENT_TOOL_RATE_PER_MINUTE: whole(10, 1, 1_000_000),
  AGENT_TOOL_BURST: whole(5, 1, 100_000),
  DISCOVERY_RATE_PER_MINUTE: whole(600, 1, 1_000_000),
  DISCOVERY_BURST: whole(100, 1, 100_000),
  AGENT_RATE_PER_HOUR: whole(1_000, 1, 100_000_000),
  AGENT_RATE_PER_DAY: whole(10_000, 1, 1_000_000_000),
  TENANT_RATE_PER_MINUTE: whole(12_000, 1, 10_000_000),
  TENANT_BURST: whole(2_000, 1, 1_000_000),
  /** Of one tool, over all agents. */
  TOOL_RATE_PER_MINUTE: whole(30_000, 1, 10_000_000),
  TOOL_BURST: whole(5_000, 1, 1_000_000),
  TOOL_CONCURRENCY: whole(500, 1, 100_000),
  REPLAY_RATE_PER_MINUTE: whole(30, 1, 1_000_000),
  REPLAY_BURST: whole(5, 1, 100_000),
  REPLAY_FOR_S: whole(3_600, 1, 604_800),

  POOL_CHEAP: whole(10, 1, 500),
  POOL_EXPENSIVE: whole(4, 1, 500),
  POOL_WRITE: whole(4, 1, 500),
  QUEUE_MAX: whole(50, 0, 100_000),
  ACQUIRE_TIMEOUT_MS: whole(1_000, 10, 60_000),
  CONNECT_TIMEOUT_MS: whole(1_500, 50, 30_000),
  DEADLINE_LONGEST_MS: whole(25_000, 100, 55_000),
  LOCK_TIMEOUT_MS: whole(1_000, 10, 30_000),

  BREAKER_FAILURES: whole(20, 1, 10_000),
  BREAKER_FAILING_MS: whole(5_000, 100, 600_000),
  BREAKER_OPEN_MS: whole(5_000, 100, 600_000),
  BREAKER_PROBE_MS: whole(3_000, 50, 60_000),

  /** Where exchange rates come from; empty: the small table that the server carries. */
  UPSTREAM_URL: url('http:', 'https:').or(z.literal('')).default(''),
  UPSTREAM_TIMEOUT_MS: whole(2_000, 50, 2_000),
  /** How long one section of build_report takes: what it reads here is small. */
  REPORT_SECTION_MS: whole(250, 0, 5_000),
  USAGE_FLUSH_MS: whole(5_000, 50, 60_000),
  OVERLOAD_LOOP_DELAY_MS: whole(200, 10, 60_000),
  OVERLOAD_QUEUE_WAIT_MS: whole(500, 10, 60_000),
  IN_FLIGHT_MAX: whole(1_000, 1, 100_000),
  IN_FLIGHT_BYTES_MAX: whole(67_108_864, 1_024, 4_294_967_296),
  REDIS_TIMEOUT_MS: whole(100, 10, 10_000),
  /** For test rigs that look for leaks: heap.ts. */
  HEAP_COLLECT_EVERY_MS: whole(0, 0, 60_000),
  BODY_MAX_BYTES: whole(1_048_576, 1_024, 16_777_216),
  RESULT_MAX_BYTES: whole(262_144, 1_024, 16_777_216),
  CONNECTIONS_MAX: whole(2_000, 1, 100_000),
  ADDRESS_CONNECTIONS_MAX: whole(1_000, 1, 100_000),
  ADDRESS_RATE_PER_MINUTE: whole(120_000, 1, 100_000_000),
  ADDRESS_BURST: whole(20_000, 1, 10_000_000),
  AUTH_FAILURES_PER_MINUTE: whole(600, 1, 1_000_000),
  AUTH_FAILURES_BURST: whole(200, 1, 1_000_000),
  DRAIN_DELAY_MS: whole(0, 0, 60_000),
  DRAIN_GRACE_MS: whole(25_000, 0, 60_000),
})

export type Settings = z.output<typeof Environment>

const TOKENS = ['OAUTH_ISSUER', 'OAUTH_AUDIENCE'] as const
const EXCHANGE = ['OAUTH_CLIENT_SECRET', 'UPSTREAM_URL', 'UPSTREAM_AUDIENCE'] as const
const NEEDED = { keys: [], oauth: TOKENS, mtls: [...TOKENS, 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'TLS_CLIENT_CA_FILE'] } as const

/** A setting that cannot be used. The message is one line for the person who starts the server. */
export class SettingsError extends Error {}

/** @throws SettingsError naming every setting that is missing or out of range, with what was given */
export function settingsFrom(environment: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = Environment.safeParse(given)
  if (parsed.success) {
    const { AUTH, OAUTH_CLIENT_ID } = parsed.data
    const needed = [...NEEDED[AUTH], ...(OAUTH_CLIENT_ID === '' ? [] : EXCHANGE)]
    const missing = needed.filter((name) => parsed.data[name] === '')
    if (parsed.data.CONFORMANCE === '1' && !isSafe(`http://${parsed.data.HOST}`))
      throw new SettingsError(`CONFORMANCE lets everybody in: HOST is ${JSON.stringify(parsed.data.HOST)}, must be 127.0.0.1 with it`)
    if (missing.length === 0) return parsed.data
    throw new SettingsError(
      missing.map((name) => `${name} is missing: AUTH=${AUTH}${OAUTH_CLIENT_ID && ' with OAUTH_CLIENT_ID'} needs it`).join('\n'),
    )
  }
  throw new SettingsError(parsed.error.issues.map((issue) => problemOf(issue, given)).join('\n'))
}

function problemOf(issue: z.core.$ZodIssue, given: Record<string, string | undefined>): string {
  const [name, ...inside] = issue.path.map(String)
  const value = given[name ?? '']
  const shown = value === undefined ? 'is missing' : `is ${JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)}`
  const where = inside.length > 0 ? ` (at ${inside.join('.')})` : ''
  return `${name} ${shown}${where}: ${issue.message}`
}

/** Connections that one instance may open to Postgres: three bulkheads and the two of administration. */
export function connectionsMax(settings: Settings): number {
  return settings.POOL_CHEAP + settings.POOL_EXPENSIVE + settings.POOL_WRITE + ADMIN_CONNECTIONS
}

export const ADMIN_CONNECTIONS = 2
