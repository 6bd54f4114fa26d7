// What a fault is written against: inject, show that it is felt, heal, show that it is healed.
import type { Environment } from '../environment/service.ts'
import type { Parameters, Values } from '../parameters.ts'

/** What a canary of the harness saw, through the same path as the server's own traffic. */
export interface Proof {
  seen: boolean
  /** In words with figures: "canary round trip 612 ms". */
  detail: string
}

/** A fault in force. Disposing it heals it; healing twice is harmless. */
export interface Injected extends AsyncDisposable {
  /** Is the fault's signature there? */
  felt(): Promise<Proof>
  /** Is it gone? */
  healed(): Promise<Proof>
}

export interface FaultDefinition<P extends Parameters = Parameters> {
  kind: 'fault'
  summary: string
  source: string
  /** What it breaks: a dependency's name, or `server` for the link between agents and server. */
  dependency: string
  /** Keys of `Environment` (or `link`) that must be there. */
  needs: readonly ('link' | 'postgres' | 'redis' | 'servers')[]
  /** What the server really sees, and what this does not model. */
  faithful: string
  parameters: P
  inject(environment: Environment, parameters: Values<P>, signal: AbortSignal): Promise<Injected>
}

export interface FaultEntry {
  fault: FaultDefinition
  parameters: Record<string, number | string>
}

/** A fault as scenarios use it: `postgresLatency({ delayMs: 300 })`. */
export interface Fault<P extends Parameters = Parameters> {
  (parameters?: Partial<Values<P>>): FaultEntry
  definition: FaultDefinition<P>
}

export function fault<const P extends Parameters>(definition: Omit<FaultDefinition<P>, 'kind'>): Fault<P> {
  const whole: FaultDefinition<P> = { kind: 'fault', ...definition }
  const entry = (parameters: Partial<Values<P>> = {}): FaultEntry => ({
    fault: whole as unknown as FaultDefinition,
    parameters: parameters as Record<string, number | string>,
  })
  return Object.assign(entry, { definition: whole })
}
