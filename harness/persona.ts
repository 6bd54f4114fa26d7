// What a persona is written against. Pure: `tasks` runs in Node before the run, `act` runs inside k6 (and, in its test,
// with a fake agent). No Node, no zod: this file is bundled into k6.
import type { Parameters, Values } from './parameters.ts'
import type { Draw, Span } from './plan/draw.ts'

export type { Draw, Span } from './plan/draw.ts'
export type { PlannedCall, PlannedTask } from './plan/plan.ts'

import type { Arrivals, Credential, Listening, PhaseName, PlannedCall, PlannedTask, Priority, Role } from './plan/plan.ts'

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
  /** HTTP status; 0 when there was no answer. */
  status: number
  /** The wait that the server named, ms, when it named one. */
  retryAfterMs?: number
  /** Arguments of the calls that this answer leads to (sub-folders, the next page), at most 100; by the role's `leadsTo`. */
  leadsTo?: Record<string, unknown>[]
}

export interface CallOptions {
  /** How long this client waits for the answer, ms; 0 or absent: the plan's patience. Shorter than the answer, it drops the call midway. */
  timeoutMs?: number
  /** Asks again with other arguments under the same key: what a server must refuse. The line of the call says so. */
  altered?: Record<string, unknown>
}

export interface Agent {
  /** Ms since the run's start. */
  now(): number
  /** Sends a planned call at once: a first attempt under a new id. */
  call(call: PlannedCall, options?: CallOptions): Promise<Answer>
  /** Asks again: same arguments, same idempotency key, a new id, the next attempt. */
  again(answer: Answer, options?: CallOptions): Promise<Answer>
  /**
   * Begins a session, as a client does that has just been started: `initialize`, `notifications/initialized` and `tools/list`, or in the
   * stateless era `server/discover` and `tools/list`. Each is a call of the history with the role `handshake`; the task's later calls
   * belong to the session. It is never closed. Resolves to the last answer, or to the first that was not ok.
   */
  openSession(options?: Pick<CallOptions, 'timeoutMs'>): Promise<Answer>
  /** Waits; the next call's planned moment is the end of this wait. Never blocks other tasks. */
  think(ms: number): Promise<void>
  /** 0 to 1, keyed by (seed, agent, task, turn, attempt): the same wherever it is asked. */
  chance(task: PlannedTask, turn: number, attempt: number): number
}

/** One task as a persona sketches it: who plays the role and with which arguments is filled in by the plan. */
export interface TaskSketch {
  atMs: number
  untilMs?: number
  calls: SketchedCall[]
  /** Most calls that may come of it, when those are more than the planned ones: tries, walks, handshakes. */
  callsMax?: number
}

export interface SketchedCall {
  turn: number
  thinkMs: number
  /** Draws the same arguments as the task's first call. */
  same?: boolean
  /** With arguments that the tool must refuse: the role's `mistakes`. */
  mistaken?: boolean
  /** Sent with credentials that the target mints for it; without it with the agent's own. */
  credential?: Credential
}

export interface PersonaDefinition<P extends Parameters = Parameters> {
  kind: 'persona'
  summary: string
  source: string
  /** True when its calls are the stress of the scenario. */
  hostile: boolean
  /** It goes where answers lead: its role must say where that is (`leadsTo`). */
  walks?: boolean
  /** Some of its calls are wrong on purpose: its role must say how (`mistakes`). */
  errs?: true
  /** Credentials with which it tries, by the parameters that an entry gives: the target must mint them (`agents.credentials`). */
  shows?: (given: Partial<Values<P>>) => readonly Credential[]
  /** Its client holds the server's own stream open; only the undici driver can. */
  listens?: Listening
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
  /** Of those phases, only the ones of this window. */
  window?: string
  /** Only agents of this tenant. */
  tenant?: string
  /** Only agents that the target gives this priority; from a target that gives none, any. */
  priority?: Priority
  /**
   * Left out where the target has no tool for the role, names no `mistakes` for a persona that errs, or mints no credential that the
   * persona shows; else that ends the matter.
   */
  ifOffered?: true
  /** How their tasks arrive, all of them together; without it the persona's own way. */
  arrivals?: Arrivals
  /**
   * Every so many of an agent's tasks has the idempotency keys and arguments of the agents of its number in the other tenants. Without
   * it no two agents have a key in common.
   */
  sharedKeyEvery?: number
}

export interface FleetEntry {
  persona: PersonaDefinition
  membership: Membership
  parameters: Record<string, number | string>
  /** Where it is written: `scenarios/runaway-loop.ts:32`; absent when nobody knows. */
  at?: string
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
    const { agents, role, during, window, tenant, priority, ifOffered, arrivals, sharedKeyEvery, ...parameters } = entry
    const membership = Object.fromEntries(
      Object.entries({ agents, role, during, window, tenant, priority, ifOffered, arrivals, sharedKeyEvery }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as unknown as Membership
    const at = callerOf(new Error().stack)
    return {
      persona: whole as unknown as PersonaDefinition,
      membership,
      parameters: parameters as Record<string, number | string>,
      ...(at !== undefined && { at }),
    }
  }
  return Object.assign(enlist, { definition: whole })
}

interface Stack<P extends Parameters> extends Pick<PersonaDefinition, 'summary' | 'source' | 'listens'> {
  defaults: Partial<Values<P>>
  quick?: Partial<Values<P>>
}

/**
 * A preset: the script of another persona with the figures of one stack.
 * @param defaults those that differ, at full scale and, where it differs, at quick scale
 */
export function preset<P extends Parameters>(script: Persona<P>, { summary, source, listens, defaults, quick = {} }: Stack<P>): Persona<P> {
  const declared = Object.entries(script.definition.parameters).map(([name, parameter]) => {
    const set = defaults[name as keyof P]
    const atQuick = quick[name as keyof P]
    const { quick: inherited, ...rest } = parameter
    const kept = set === undefined && inherited !== undefined ? { quick: inherited } : {}
    return [name, { ...rest, ...kept, ...(set !== undefined && { default: set }), ...(atQuick !== undefined && { quick: atQuick }) }]
  })
  const parameters = Object.fromEntries(declared) as P
  return persona({ ...script.definition, summary, source, ...(listens && { listens }), parameters })
}

/** The second frame of a stack: who called; from the working directory on where it lies in it. */
function callerOf(stack = ''): string | undefined {
  const frame = /\(?(?:file:\/\/)?(\/[^()\s]+:\d+):\d+\)?$/.exec(stack.split('\n')[2] ?? '')?.[1]
  return frame?.replace(/^.*\/(?=(scenarios|tests)\/)/, '')
}
