// What a target is written against: one value that says what the harness may know and do. Only `url` is required; each
// further line buys more checks. The harness's own scenarios/targets/reference.ts has no other way in.
import { HarnessError } from './errors.ts'
import type { CallClass } from './history/event.ts'
import type { Draw } from './plan/draw.ts'
import type { Correctness, Credential, LeadsTo, Plan, Priority, Role, Scale, Settings, TenantsAt } from './plan/plan.ts'

export type { Draw } from './plan/draw.ts'

export interface AgentIdentity {
  index: number
  agent: string
  tenant: string
  /** Where the scenario asks for one. */
  priority?: Priority
}

/** What a target's functions may lean on. */
export interface TargetContext {
  /** `host:port` of each dependency as the server must reach it: through the harness's proxy. */
  at: Record<string, string>
  /** Addresses given by `--postgres` and `--redis`, whole, as the server must use them: through the harness's proxy. */
  given: { postgres?: string; redis?: string }
  /** Where the server's spans may be sent, OTLP over HTTP with JSON: what OTEL_EXPORTER_OTLP_ENDPOINT takes. */
  collector: string
  /** Free ports chosen for this instance: `server` for the endpoint, `admin` for metrics and probes. */
  ports: { server: number; admin: number }
  instance: number
  instances: number
  scale: Scale
  settings: Partial<Settings>
  /** The weakness asked for by `--weaken`. */
  weaken?: string
  agents: AgentIdentity[]
}

export interface ToolRole {
  name: string
  arguments?: (draw: Draw) => Record<string, unknown>
  /** Arguments that are wrong in the way models get them wrong: refused by a server that is well. */
  mistakes?: (draw: Draw) => Record<string, unknown>
  /** Default 1,000 ms. */
  sloMs?: number
  deadlineMs?: number
  needs?: string[]
  /** Without it, an answer must at least not be empty. */
  correct?: Correctness[]
  idempotencyKey?: { argument: string } | { meta: string }
  /**
   * Where answers lead, for agents that walk: `[{ at: '/structuredContent/folders', each: '/path',
   * argument: 'path' }]`; `alone: true` sends nothing beside it.
   */
  leadsTo?: LeadsTo[]
  /** Where an answer says whose rows it has, as `agents.tenant` names them: `[{ at: '/structuredContent/rows', each: '/tenant' }]`. */
  tenants?: TenantsAt[]
  /**
   * How to count a write's effects: rows of `key`, `rows` (count), optionally `names` (text[]) and `tenant`, a row a key and tenant then, as
   * `agents.tenant` names them; `$1`: LIKE pattern for this run's keys.
   */
  effects?: { sql: string }
}

export interface Declared {
  /** `burst`: calls at once out of a full budget. nginx and redis-cell let in one more than they call it, a bucket filled by the second a second's. */
  perAgent?: { ratePerMinute: number; burst: number }
  /** One agent's budget on one tool, by role. */
  perAgentTool?: Partial<Record<Role, { ratePerMinute: number; burst: number }>>
  /** Calls of one agent at once. */
  concurrentCalls?: number
  /** All connections of one instance to the database. */
  poolMax?: number
  /** Callers that may wait before one pool. */
  queueMax?: number
  /** Longest wait for a connection, ms. */
  acquireTimeoutMs?: number
  instances?: number
  /** How long a breaker refuses before it probes. */
  breakerOpenMs?: number
  /** How many calls a breaker lets through together to find out whether the dependency is back; libraries let one (most) to ten. */
  breakerProbes?: number
  /** The largest answer that any tool gives, bytes of its body: what stands in it as text and as structured content counts twice. */
  outputMaxBytes?: number
  /** How long a session is kept that nobody uses and nobody has ended, ms. */
  sessionIdleMs?: number
  /** The codes of the server's published table of errors. */
  errorCodes?: string[]
}

/** Names of series in the server's Prometheus text, as `name{label="value"}`; all series that match are read. */
export interface ObservedMetrics {
  url: string
  poolUsed?: string
  poolWaiting?: string
  /** High-water mark of `poolWaiting`. */
  poolWaitingMax?: string
  /** 99th percentile or maximum of the wait for a connection, s. */
  poolWaitSecondsMax?: string
  /** A series with `==value`: open when it holds: `breaker_state{dependency="postgres"}==1`. */
  breakerOpen?: string
  inFlight?: string
  /** Slots of the concurrency limit that are taken. */
  leases?: string
  /** 1 while limits are counted by each instance for itself: `limiter_mode{mode="local"}==1`. */
  limiterLocal?: string
  /** Sessions that the server holds. */
  sessions?: string
  /** Heap in use after the last collection, bytes. */
  heapBytes?: string
  /** 99th percentile of the event loop's delay, s. */
  loopDelaySecondsP99?: string
  /** Share of time in which the event loop was busy, 0–1. */
  loopBusyShare?: string
}

export interface Observe {
  metrics?: ObservedMetrics
  /** The app's role at the database; `urlFrom` names an environment variable when the database is not ours. */
  postgres?: { role: string; urlFrom?: string }
  /** Addresses of the server's own probes: alive at all, and willing to serve. */
  probes?: { live?: string; ready?: string }
  /** Response header that names the instance. */
  instanceHeader?: string
  /** The server sends its spans to `collector` of the context, or, when it is started by somebody else, to this port of this machine. */
  spans?: { port?: number }
  /** Prometheus' alert rules for its metrics, a file or an address, and the `job` they give it (default `server`). Needs promtool. */
  alerts?: { rules: string; job?: string }
  /** Fields of the server's JSON log lines (on its stdout, or in the file named). */
  logs?: { file?: string; requestId: string; durationMs?: string }
}

export interface UserFault {
  /** Command lines, run by a shell where the harness was started. */
  inject: string
  /** Must be harmless when there is nothing to heal: it may be run more than once. */
  heal: string
  /** Exit code 0 while the fault can be seen, another one when it cannot. */
  felt: string
  /** What it breaks, as roles name it in `needs`; default `server`: every call is exposed. */
  dependency?: string
  /** Healed after so long even if the harness was killed and never started again; default 900 s. */
  ttlS?: number
}

export type Headers = Record<string, string>

/** On every call, or each on the next one. */
export type Shown = Headers | Headers[]

/**
 * Headers that hold for the whole run, or in turn, where a token expires within it: each until so long after the run's start. All of them
 * are asked for before the run begins.
 */
export type HeadersInTime = Headers | readonly { untilS?: number; headers: Headers }[]

/** Caps for hosts that are not this machine; writes and hosts only as they are named. */
export interface Safety {
  /** Hosts that may be sent to, beside this machine. */
  hosts?: string[]
  /** Tools that may change data there; those of the role `money` too, and never one that is not named. */
  writes?: string[]
  /** In any window of 1 s; default 20. */
  ratePerSecondMax?: number
  /** Default 5,000. */
  callsMax?: number
  /** Default 300 s. */
  durationSMax?: number
  /** Default 50. */
  agentsMax?: number
}

export interface Target {
  kind: 'target'
  url: string | ((context: TargetContext) => string)
  protocol?: Plan['protocol']
  agents?: {
    /** How many it has identities for; a scenario that sends more is refused. */
    count?: number
    headers?: (identity: AgentIdentity, context: TargetContext) => HeadersInTime | Promise<HeadersInTime>
    /**
     * Headers with which an intruder tries, by what is wrong with them; asked for once the server is up, before the load begins. Of
     * several it shows the next one with each call.
     */
    credentials?: Partial<Record<Credential, (identity: AgentIdentity, context: TargetContext) => Shown | Promise<Shown>>>
    /** Takes back what `credentials.revoked` gave this agent: called while it is in use. Without it, that must be revoked when given. */
    revoke?: (identity: AgentIdentity, context: TargetContext) => Promise<void>
    tenant?: (index: number) => string
    /** How much each matters to the server when it must turn some away. */
    priority?: (index: number) => Priority
    /** PEM texts: whom to trust beside the machine's own authorities, and what each agent shows. Certificates need `--driver undici`. */
    tls?: (identity: AgentIdentity) => { ca?: string; cert?: string; key?: string } | Promise<{ ca?: string; cert?: string; key?: string }>
  }
  tools?: Partial<Record<Role, ToolRole>>
  declared?: Declared | ((context: TargetContext) => Declared)
  /**
   * Dependencies that the harness puts its proxy before: started by it (postgres, redis, upstream, identity-provider can be), or
   * where they are. `port`: where the proxy listens for it, for a server that is not started by the harness and is told its address once.
   */
  dependencies?: Record<string, 'embedded' | { address: string; port?: number }>
  start?: {
    command: string
    /** Where to run it; default the working directory. */
    cwd?: string
    /** `node` is then the Node that runs the harness; else it is whatever your own PATH has. */
    harnessNode?: boolean
    env?: (context: TargetContext) => Record<string, string>
    /** Path or address that answers 2xx once the server serves; without it any answer at `url` will do. */
    ready?: string | ((context: TargetContext) => string)
    /** How long it may take until then; default 30 s. */
    readyWithinS?: number
  }
  observe?: Observe | ((context: TargetContext) => Observe)
  /** Where the server's runbook lies, for findings: a path or an address. Its entries are the server's error codes. */
  runbook?: string
  /** What `--weaken` may name: ids, or the folder (from where the server is started) whose files are called so. */
  weaknesses?: string[] | { folder: string }
  /** The server's own error codes → class of the outcome table: `{ TOO_MANY: 'refused' }`. */
  errors?: Record<string, CallClass>
  /** Faults of one's own, as commands; scenarios name them by `userFault('…')`, the command line by `--fault …`. */
  faults?: Record<string, UserFault>
  safety?: Safety
}

export function target(value: Omit<Target, 'kind'>): Target {
  return { kind: 'target', ...value }
}

/**
 * Stands where only the owner of a server knows what belongs there: `arguments: () => ({ id: todo('customer id') })`. A scenario that needs
 * it is refused before anything is sent.
 * @throws HarnessError `ARGUMENT_MISSING`, with the line on which it stands
 */
export function todo(what: string): never {
  const at = /\(?(?:file:\/\/)?(\/[^()\s]+:\d+):\d+\)?$/.exec(new Error().stack?.split('\n')[2] ?? '')?.[1]
  const where = at === undefined ? '' : ` (${at})`
  throw new HarnessError('ARGUMENT_MISSING', `the target does not say: ${what}${where}`, `put a value in the place of todo('${what}')`)
}
