// Services that a run starts, and what faults and samplers get to hold.
import type { PostgresService } from './postgres.ts'
import type { RedisService } from './redis.ts'
import type { ServerInstance } from './server-instance.ts'

/** Remembers what must not outlive the run, on disk, so that the next start can clean up after a kill -9. */
export interface Keeper {
  /** Put into the environment of every child (`STAMPEDE_RUN`), so that leftovers are recognised. */
  readonly run: string
  /** A folder of the run's own under the system's temporary directory; removed at the end. */
  readonly folder: string
  process(pid: number, name: string): void
  /** A container engine in which containers of this run may be: they carry its id as a label. */
  engine?(host: string): void
}

/** What undoes a fault when the harness was killed: data, since the next start reads it from disk. */
export type Remedy =
  /** One after the other as the user in the URL, and only where the same Postgres still answers. */
  | { do: 'sql'; url: string; identity: string; statements: string[] }
  /** One after the other, and only where the same Redis still runs. */
  | { do: 'redis'; address: string; runId: string; commands: string[][] }
  /** To this very process, or to its whole group. */
  | { do: 'signal'; pid: number; group: boolean; signal: 'SIGCONT' }
  /** By a command line of the user's own. */
  | { do: 'command'; command: string; cwd: string }
  /** By a request to somebody else's proxy; an answer of 404 means that there is nothing left to undo. */
  | { do: 'http'; method: 'DELETE' | 'POST'; url: string; body?: string }

/** A keeper that also remembers faults. */
export interface FaultKeeper extends Keeper {
  /** On disk when this returns: call it before the harm is done. What it gives crosses them out again; twice is harmless. */
  remember(remedies: readonly Remedy[]): () => void
}

export interface Service extends AsyncDisposable {
  /** `127.0.0.1:port` of the service itself, not of its link. */
  readonly address: string
  readonly version: string
}

/** How a program ended: with a code, or by a signal. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A program that runs for the run: a local process, or the first one of a container. */
export interface Vessel {
  /** As this machine numbers it. */
  readonly pid: number
  readonly running: boolean
  readonly exited: Promise<Exit>
  /** To the program alone, not to what it started; false when it has gone. */
  signal(name: NodeJS.Signals): boolean | Promise<boolean>
  /** To a process that it started, by the number that the program itself knows it by. Absent: as this machine numbers it. */
  signalInside?(pid: number, name: NodeJS.Signals): boolean
  stop(signal: NodeJS.Signals, graceMs: number): Promise<unknown>
}

/** What a canary saw on its way through a link. */
export interface Canary {
  roundTripMs: number
  /** SQLSTATE, errno or word, when it failed: `57P01`, `ECONNRESET`. */
  error?: string
}

/** A toxic in force at a link; removing it takes effect at once, and twice is harmless. */
export interface Toxic {
  remove(): Promise<void>
}

/** One at a link can be given other parameters without a gap: how a fault grows. */
export interface LinkToxic<K extends keyof Toxics> extends Toxic {
  change(parameters: Toxics[K]): Promise<void>
}

/** A way that bytes take: `upstream` to what is behind a link, `downstream` back from it. */
export type Stream = 'upstream' | 'downstream'

/** Only this share of the connections, drawn for each from the seed: it stays in or out as long as it lives. Absent: all of them. */
interface Some {
  toxicity?: number
  seed?: number
}

/** Of some connections, and one way only. Absent: both. */
interface SomeOneWay extends Some {
  stream?: Stream
}

/** What may be done to the bytes of a link: toxiproxy's words. */
export interface Toxics {
  /** Every byte is late by `delayMs` each way, ± `jitterMs` drawn from `seed`. */
  latency: { delayMs: number; jitterMs?: number } & SomeOneWay
  /** New connections are accepted and reset at once, so that attempts can be counted; live ones are reset when it begins. */
  down: Some
  /** Attempts to connect are not answered at all; live connections are not touched. */
  blackHole: Record<string, never>
  /** Live connections are reset once, when it is added; new ones pass. */
  reset: Some
  /** A share of the answers (drawn from `seed`) is cut: after `afterBytes` bytes towards the client, the connection is reset. */
  cut: { afterBytes: number; share: number; seed: number }
  /** At most `bytesPerSecond` each way. */
  bandwidth: { bytesPerSecond: number } & SomeOneWay
  /** Nothing passes; `closeAfterMs` later the connection is closed (0: never). */
  timeout: { closeAfterMs: number } & SomeOneWay
  /** A close by one side reaches the other `delayMs` later. */
  slowClose: { delayMs: number } & SomeOneWay
  /** A connection is closed after `bytes` towards the client. */
  limitData: { bytes: number } & Some
  /** New connections wait `delayMs` before they are carried; live ones are not touched. */
  connectDelay: { delayMs: number } & Some
  /** Data goes on in pieces of `sizeBytes`, `delayMs` apart. */
  slicer: { sizeBytes: number; delayMs: number } & SomeOneWay
}

/** One TCP path that the harness's proxy carries: to a dependency, or from the agents to the server. */
export interface Link {
  readonly name: string
  /** `127.0.0.1:port` that the server (or the agents) must use. */
  readonly address: string
  /** The same path with the same toxics for the harness's own canaries: not counted as attempts. */
  readonly canaryAddress: string
  add<K extends keyof Toxics>(toxic: K, parameters: Toxics[K], signal?: AbortSignal): Promise<LinkToxic<K>>
}

/** A Postgres that may be asked: ours, or one that the target names. */
export interface Database {
  /** Rows of one statement; at most 15 s. */
  query<Row extends Record<string, unknown> = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
}

/** What the upstream stub does instead of answering `GET /rate?base=EUR&quote=USD` with `{ base, quote, rate }`. */
export type UpstreamBehaviour =
  /** A share (drawn from `seed`) is answered with `status`. */
  | { kind: 'errors'; status: number; share: number; seed: number }
  /** 429 with `Retry-After`. */
  | { kind: 'throttled'; retryAfterS: number }
  /** The request is read, and nothing is ever answered. */
  | { kind: 'hang' }
  /** Headers at once, then the body at this pace. */
  | { kind: 'trickle'; bytesPerSecond: number }

/** A request that reached the upstream. */
export interface Hit {
  /** Wall-clock ms of its arrival. */
  atMs: number
  /** What it was answered; 0: nothing. */
  status: number
  /** Its `X-Request-Id`. */
  call?: string
  /** The trace id of its `traceparent`. */
  trace?: string
}

/** An HTTP API that the server calls. */
export interface UpstreamService extends Service {
  /** In force until removed; the newest wins. */
  behave(behaviour: UpstreamBehaviour): Promise<Toxic>
  /** Requests seen since it started, the harness's own canaries left out. */
  hits(): Promise<number>
  /** Those that have ended since this was asked last, in the order of their ends; more than 200,000 are not kept. */
  takeHits(): Promise<Hit[]>
}

/** An OAuth issuer: discovery document, key set, and `POST /token` (client credentials) for the run's agents. */
export interface IdentityProviderService extends Service {
  readonly issuer: string
  /** A new signing key under a new `kid`; the old one stays in the key set until `forget` is said. */
  rotateKeys(forget?: boolean): Promise<void>
  /** Refuses connections until `resume`. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Requests for the key set since it started, the harness's own canaries left out. */
  keySetRequests(): Promise<number>
  /** A signed access token. */
  token(claims: Record<string, unknown>): Promise<string>
}

/** Everything of the run that may be broken or measured. Absent: this target has no such thing, or it is not ours. */
export interface Environment {
  /** Without it nothing that could outlive the run may be done. */
  keeper?: FaultKeeper
  /** By dependency name, and `server` for the link between agents and server. */
  links: Record<string, Link>
  /** A Postgres that this run started: it may be broken. */
  postgres?: PostgresService
  /** Where connections and effects are read: the same, or the target's own. */
  database?: Database
  redis?: RedisService
  /** For dependencies that are not ours, by name: link faults prove themselves by these. */
  canaries?: Record<string, (link: Link, signal?: AbortSignal, limitMs?: number) => Promise<Canary>>
  upstream?: UpstreamService
  identityProvider?: IdentityProviderService
  servers: ServerInstance[]
  /** Files into which the server writes its log, by instance; `log`: of a server that somebody else started. */
  logFiles?: Record<string, string[]>
  /** Where each of several instances tells its metrics, by its number. Empty or absent: there is one, and `observe` says it. */
  metricsUrls?: Record<string, string>
  /** Told every text of metrics that is read, by instance (`server` when there is one); undefined: it was not answered. */
  metricsSeen?: (instance: string, text: string | undefined, atMs: number) => void
  /** Ports of this machine at which the run's connections are accepted: by instance of the server, `proxy`, `balancer`. */
  doors?: Record<string, number>
  /** Told each text of metrics too, to look for what does not belong there. */
  metricsText?: (text: string) => void
  /** Other processes worth measuring, name → process id: `harness`, `k6`, `proxy`. */
  processes?: Record<string, number>
  /** Address that agents call. */
  url: string
}
