// What drives the load: takes a plan, gets ready, begins when told, and writes raw/load.ndjson. One plan, one format of
// lines, whatever the engine is.
import type { Units } from '../discover.ts'
import type { Keeper } from '../environment/service.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { Allowances } from '../plan/at-most.ts'
import type { Plan } from '../plan/plan.ts'
import type { Credentials, LaterHeaders } from './engine.ts'

/** PEM texts. */
export interface Tls {
  /** Whom to trust beside the machine's own authorities. */
  ca?: string
  /** The agent's own certificate, and its key. */
  cert?: string
  key?: string
}

export interface DriverOptions {
  plan: Plan
  /** plan.json: what the generator itself reads. */
  planFile: string
  personas: Units<PersonaDefinition>
  /** Where agents send their calls: through the harness's proxy. */
  url: string
  /** `Host` header, when the proxy's address is not the server's. */
  hostHeader?: string
  /** Of each agent, by its index. They may hold tokens and never reach a command line or a log. */
  headers: Record<string, string>[]
  /** What takes their place while the run goes on, by the agent's index. */
  later?: LaterHeaders[][]
  /** Those that the target mints beside an agent's own, by the agent's index. */
  credentials?: Credentials[]
  /** What may be sent at most, where there are caps. */
  allowances?: Allowances
  /** What each agent trusts and shows over TLS, by its index. */
  tls?: Tls[]
  /** Response header that names the instance which answered. */
  instanceHeader?: string
  /** The run's id: on the wire it goes before call ids and idempotency keys. */
  run: string
  /** Seed of the choices that agents make while they run. */
  seed: number
  /** Gets load.ndjson, or load-1.ndjson and so on where several generators share the plan. */
  rawFolder: string
  /** Gets the generator's own log. */
  logFolder: string
  share: Share
  k6Path: string
  /** Loopback port for the generator's own control, below those that outgoing connections take. */
  controlPort: number
  keeper: Keeper
  signal: AbortSignal
}

/** How many generators share the plan, and which of them this is, from 0. */
export interface Share {
  part: number
  of: number
}

/** `load.ndjson`, or `load-2.ndjson` of the second of several. */
export function partName(name: string, { part, of }: Share): string {
  return of === 1 ? name : name.replace('.', `-${part + 1}.`)
}

export interface GeneratorEnd {
  /** null: ended by a signal. */
  exitCode: number | null
  maxRssBytes?: number
}

/** A generator that has read its plan and waits. Disposing it ends it. */
export interface Generator extends AsyncDisposable {
  /** One a process of it. */
  readonly pids: readonly number[]
  /** Starts the plan's clock: the start line of its file then says when that was. */
  begin(): Promise<void>
  /** Ends it before its time; calls under way keep a line without an end. Twice is harmless. */
  stop(): Promise<void>
  readonly ended: Promise<GeneratorEnd>
  /** Once begun: wall-clock ms of the plan's start on this machine, where its start lines are on other clocks. */
  readonly begunMs?: number | undefined
}

export interface Driver {
  readonly id: string
  /** One `prepare` makes all the generators that share a plan. */
  readonly startsAll?: true
  /** Its agents hold a server's own stream open, and answer what a server asks. */
  readonly holdsStreams?: true
  /** Memory that an agent takes on this machine, about; absent where its agents are elsewhere. */
  readonly agentBytes?: number
  /** @throws HarnessError `LOAD_BUNDLE_REFUSED`, `LOAD_DID_NOT_START`, `DRIVER_CANNOT`, `HEADER_FORBIDDEN`, `SCENARIO_INVALID` */
  prepare(options: DriverOptions): Promise<Generator>
}
