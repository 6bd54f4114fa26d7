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
  /** Other values of the parameters that it `grows` by, without a gap. */
  change?(parameters: Record<string, number | string>): Promise<void>
  /** Is the fault's signature there? */
  felt(): Promise<Proof>
  /** Is it gone? */
  healed(): Promise<Proof>
}

export interface FaultDefinition<P extends Parameters = Parameters> {
  kind: 'fault'
  summary: string
  source: string
  /** What it breaks: a dependency's name, or `server` for the link between agents and server. A parameter `dependency` overrules it. */
  dependency: string
  /** Keys of `Environment` (or `link`) that must be there. */
  needs: readonly ('link' | 'postgres' | 'redis' | 'upstream' | 'identityProvider' | 'servers' | 'keeper')[]
  /** What the server really sees, and what this does not model. */
  faithful: string
  parameters: P
  /** Over as soon as it has happened: there is nothing to heal, and what was felt stays seen. */
  momentary?: true
  /** Parameters that a ramp may let grow while it is in force. */
  grows?: readonly (keyof P & string)[]
  inject(environment: Environment, parameters: Values<P>, signal: AbortSignal): Promise<Injected>
}

/** When in its window a fault acts. Without anything: from the beginning of the stress to its end. */
export interface Timing {
  /** Shares of the window's stress: it begins at `from` (0) and ends at `to` (1). */
  from?: number
  to?: number
  /** On and off so often in that time; the lengths are drawn with the plan. */
  flaps?: number
  /** It grows from its parameters to these, in so many equal steps. Only those that the fault `grows` by. */
  ramp?: { to: Record<string, number>; steps: number }
}

export interface FaultEntry {
  fault: FaultDefinition
  parameters: Record<string, number | string>
  timing?: Timing
  /** Looked up by this name instead: a fault of the target's own. */
  named?: string
}

/** A fault as scenarios use it: `postgresLatency({ delayMs: 300 })`, `postgresRefused({}, { flaps: 4 })`. */
export interface Fault<P extends Parameters = Parameters> {
  (parameters?: Partial<Values<P>>, timing?: Timing): FaultEntry
  definition: FaultDefinition<P>
}

/** What a fault breaks with these parameters. */
export function dependencyOf({ dependency }: Pick<FaultDefinition, 'dependency'>, parameters: Record<string, number | string>): string {
  return String(parameters.dependency ?? dependency)
}

export function fault<const P extends Parameters>(definition: Omit<FaultDefinition<P>, 'kind'>): Fault<P> {
  const whole: FaultDefinition<P> = { kind: 'fault', ...definition }
  const entry = (parameters: Partial<Values<P>> = {}, timing?: Timing): FaultEntry => ({
    fault: whole as unknown as FaultDefinition,
    parameters: parameters as Record<string, number | string>,
    ...(timing && { timing }),
  })
  return Object.assign(entry, { definition: whole })
}
