// What a persona is written against. Pure: `tasks` runs in Node before the run, `act` runs inside k6 (and, in its test,
// with a fake agent). No Node, no zod: this file is bundled into k6.
import type { Parameters, Values } from './parameters.ts'
import type { Draw, Span } from './plan/draw.ts'
import type { PhaseName, PlannedCall, PlannedTask, Role } from './plan/plan.ts'

/** What an agent's client makes of an answer: enough to decide what to do next. Judging happens later, in Node. */
export interface Answer {
  call: PlannedCall
  attempt: number
  /** Answered with a result that is no error. */
  ok: boolean
  /** Nobody knows whether it happened: timed out, reset, cut. */
  lost: boolean
  /** Refused before running: 429 or 503, or the same told as a tool result. */
  refused: boolean
  /** The wait that the server named, ms, when it named one. */
  retryAfterMs?: number
}

export interface CallOptions {
  /** How long this client waits for the answer, ms; without it the plan's patience. */
  timeoutMs?: number
}

export interface Agent {
  /** Ms since the run's start. */
  now(): number
  /** Sends a planned call at once: a first attempt under a new id. */
  call(call: PlannedCall, options?: CallOptions): Promise<Answer>
  /** Asks again: same arguments, same idempotency key, a new id, the next attempt. */
  again(answer: Answer, options?: CallOptions): Promise<Answer>
  /** Waits; the next call's planned moment is the end of this wait. Never blocks other tasks. */
  think(ms: number): Promise<void>
  /** 0 to 1, keyed by (seed, agent, task, turn, attempt): the same wherever it is asked. */
  chance(task: PlannedTask, turn: number, attempt: number): number
}

/** One task as a persona sketches it: who plays the role and with which arguments is filled in by the plan. */
export interface TaskSketch {
  atMs: number
  untilMs?: number
  calls: { turn: number; thinkMs: number /** Draws the same arguments as the task's first call. */; same?: boolean }[]
}

export interface PersonaDefinition<P extends Parameters = Parameters> {
  kind: 'persona'
  summary: string
  source: string
  /** True when its calls are the stress of the scenario. */
  hostile: boolean
  parameters: P
  tasks(draw: Draw, parameters: Values<P>, span: Span): TaskSketch[]
  act(agent: Agent, task: PlannedTask, parameters: Values<P>): Promise<void>
}

/** Who of this persona takes part: common to all personas, beside its own parameters. */
export interface Membership {
  agents: number
  role: Role
  /** When its tasks start; without it, through all phases. */
  during?: PhaseName
  /** Only agents of this tenant. */
  tenant?: string
}

export interface FleetEntry {
  persona: PersonaDefinition
  membership: Membership
  parameters: Record<string, number | string>
}

/** A persona as scenarios use it: `steady({ agents: 12, role: 'cheapRead' })`. */
export interface Persona<P extends Parameters = Parameters> {
  (entry: Membership & Partial<Values<P>>): FleetEntry
  definition: PersonaDefinition<P>
}

export function persona<const P extends Parameters>(
  definition: Omit<PersonaDefinition<P>, 'kind' | 'hostile'> & { hostile?: boolean },
): Persona<P> {
  const whole: PersonaDefinition<P> = { kind: 'persona', hostile: false, ...definition }
  const enlist = (entry: Membership & Partial<Values<P>>): FleetEntry => {
    const { agents, role, during, tenant, ...parameters } = entry
    const membership: Membership = { agents, role, ...(during && { during }), ...(tenant !== undefined && { tenant }) }
    return { persona: whole as unknown as PersonaDefinition, membership, parameters: parameters as Record<string, number | string> }
  }
  return Object.assign(enlist, { definition: whole })
}
