// What drives the load: takes a plan, gets ready, begins when told, and writes raw/load.ndjson. One plan, one format of
// lines, whatever the engine is.
import type { Units } from '../discover.ts'
import type { Keeper } from '../environment/service.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { Plan } from '../plan/plan.ts'

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
  /** Response header that names the instance which answered. */
  instanceHeader?: string
  /** The run's id: on the wire it goes before call ids and idempotency keys. */
  run: string
  /** Seed of the choices that agents make while they run. */
  seed: number
  /** Gets load.ndjson. */
  rawFolder: string
  /** Gets the generator's own log. */
  logFolder: string
  k6Path: string
  /** Loopback port for the generator's own control, below those that outgoing connections take. */
  controlPort: number
  keeper: Keeper
  signal: AbortSignal
}

export interface GeneratorEnd {
  /** null: ended by a signal. */
  exitCode: number | null
  maxRssBytes?: number
}

/** A generator that has read its plan and waits. Disposing it ends it. */
export interface Generator extends AsyncDisposable {
  readonly pid: number
  /** Starts the plan's clock: the first line of load.ndjson then says when that was. */
  begin(): Promise<void>
  /** Ends it before its time; calls under way keep a line without an end. Twice is harmless. */
  stop(): Promise<void>
  readonly ended: Promise<GeneratorEnd>
}

export interface Driver {
  readonly id: string
  /** @throws HarnessError `LOAD_BUNDLE_REFUSED`, `LOAD_DID_NOT_START`, `HEADER_FORBIDDEN`, `PROTOCOL_UNSUPPORTED` */
  prepare(options: DriverOptions): Promise<Generator>
}
