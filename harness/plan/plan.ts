// The plan as data: everything that was drawn before the run. Same scenario, target's tools and seed → the same bytes on
// any machine, so nothing in it knows an address, a token, a clock or a path. Types only: the agents inside k6, the
// history and the checks all read it.

export type Scale = 'quick' | 'full'

/**
 * How the tasks of a fleet entry arrive, all its agents taken together; without it each persona's own way. The index of dispersion is
 * variance ÷ mean of the counts in windows of 1 s: 1 for Poisson, 0 for a clockwork, more for bursts.
 */
export type Arrivals =
  | { kind: 'poisson' }
  /** Two states, busy and quiet (MMPP): busy for `burstMs` on average (2,000), `burstShare` of the time (0.2). */
  | { kind: 'bursts'; dispersion: number; burstMs?: number; burstShare?: number }
  /** Log-normal gaps. */
  | { kind: 'heavy-tailed'; dispersion: number }
  /** So many tasks in one moment. */
  | { kind: 'salvos'; size: number }
  /** Moments as recorded, ms since the start of each phase it takes part in, ascending. */
  | { kind: 'recorded'; atMs: readonly number[] }

/** Measured on a plan: the index of dispersion of its arrivals; absent without any. */
export interface PlannedArrivals {
  windowMs: number
  tasks: number
  dispersion?: number
  groups: { persona: string; role: Role; agents: number; tasks: number; dispersion?: number; asked?: PlannedAgent['arrivals'] }[]
}

/** What a tool is for. Personas ask for roles; the target says which tool plays one. */
export type Role = 'cheapRead' | 'expensiveRead' | 'write' | 'money' | 'external' | 'slow' | 'large' | 'list' | 'composite'

/**
 * Credentials with which nobody must get in, or only so far: the target mints them. Not the agent's own: without the scopes that its role
 * asks for; of another tenant; out of date; for another server; no credential at all; good once and taken back; right, but signed by a key
 * that its issuer publishes only when it changes its keys; well made, but signed by a key that its issuer never had.
 */
export type Credential = 'wrong-scope' | 'wrong-tenant' | 'expired' | 'wrong-audience' | 'malformed' | 'revoked' | 'new-key' | 'unknown-key'

/** Who is turned away first when a server has more to do than it can: batch, then normal, critical last. */
export type Priority = 'batch' | 'normal' | 'critical'

export type PhaseName = 'warm-up' | 'steady' | 'stress' | 'recovery'

/** Its client holds the server's own stream open (GET) in each session of the 2025 eras: in all of them, or in those that got an id. */
export type Listening = 'always' | 'with-id'

/** A stretch of the run, in ms since its start. Each stress and the recovery after it name their window. */
export interface Phase {
  name: PhaseName
  window?: string
  fromMs: number
  toMs: number
}

export interface PlannedFault {
  window: string
  fault: string
  parameters: Record<string, number | string>
  injectAtMs: number
  healAtMs: number
  /** From 1 on, where its window has this fault more than once. */
  turn?: number
  /** Other parameters while it is in force, by their moments. */
  steps?: { atMs: number; parameters: Record<string, number | string> }[]
}

/** Data that decides whether an answer is right: a JSON pointer into `result`, and what must be there. */
export interface Correctness {
  at: string
  /** Or there, when `at` leads nowhere. */
  or?: string
  /** A type the value must have, … */
  is?: 'array' | 'string' | 'number' | 'object' | 'boolean'
  minLength?: number
  /** … or a constant it must equal; a string that starts with `/arguments/` is a pointer into the call's arguments. */
  equals?: string | number | boolean | null
}

export interface PlannedRole {
  tool: string
  /** Time within which an answer is still of use to the agent, ms, from the planned moment. */
  sloMs: number
  /** The server's own promise for this tool, ms; absent when the target declares none. */
  deadlineMs?: number
  /** What a call needs, as fine as the target can say: `postgres`, `postgres:orders`. */
  needs: string[]
  correct: Correctness[]
  /** Where the idempotency key goes; absent when the tool takes none. */
  idempotencyKey?: { argument: string } | { meta: string }
  /** Where an answer leads: values in the result, and the argument into which one goes to ask on. */
  leadsTo?: LeadsTo[]
  /** Where an answer says whose rows it has. */
  tenants?: TenantsAt[]
}

/** `{ at: '/structuredContent/rows', each: '/tenant' }`: JSON pointers into `result`, and into each item of a list. */
export interface TenantsAt {
  at: string
  each?: string
}

/** `{ at: '/structuredContent/folders', each: '/path', argument: 'path' }`; a single value counts as a list of one. */
export interface LeadsTo {
  /** JSON pointer into `result`. */
  at: string
  /** JSON pointer into each item of the list; without it the item itself. */
  each?: string
  argument: string
  /** Without the other arguments of the call that was answered, for tools that want a cursor and nothing beside it. */
  alone?: boolean
}

export interface PlannedCall {
  /** 1-based within the task: one step of the model. Calls of one turn leave together. */
  turn: number
  role: Role
  arguments: Record<string, unknown>
  /** Unique in the plan but for `sharedKeys`; on the wire the run's id is put before it, so that two runs never share a key. */
  key?: string
  /** Pause before this call, ms, counted from the end of the turn before. */
  thinkMs: number
  /** Sent with these instead of the agent's own. */
  credential?: Credential
}

export interface PlannedTask {
  /** Unique within its agent: `t1`, `t2`, … */
  task: string
  atMs: number
  /** For loops that go on until a moment: no new call is sent from then on. */
  untilMs?: number
  calls: PlannedCall[]
  /** Most calls that may come of it, when those are more than the planned ones. */
  callsMax?: number
}

export interface PlannedAgent {
  /** `steady-01`: unique in the plan. */
  agent: string
  /** 0-based over all agents: picks the agent's headers. */
  index: number
  tenant: string
  persona: string
  parameters: Record<string, number | string>
  /** As the target gives it, where the scenario asks for one. */
  priority?: Priority
  /** Its calls are the stress, not the measure: left out of goodput and fairness. */
  hostile: boolean
  /** How the tasks of its fleet entry were asked to arrive; absent: the persona's own way. */
  arrivals?: { kind: Arrivals['kind']; dispersion?: number }
  /** Absent: it does not. */
  listens?: Listening
  tasks: PlannedTask[]
}

export interface PlannedCheck {
  check: string
  limits: Record<string, number | string>
}

/** Settings a scenario asks of a server that it may configure: words that any target can map to its own. */
export interface Settings {
  /** Budget of one agent over all tools. */
  agentRatePerMinute: number
  agentBurst: number
  agentConcurrency: number
  /** Budget of one agent on one expensive tool. */
  agentToolRatePerMinute: number
  agentToolBurst: number
  /** Connections of each bulkhead, and callers that may wait before it. */
  poolMax: number
  queueMax: number
  /** Longest wait for a connection, ms. */
  acquireTimeoutMs: number
  /** The longest deadline of any tool, ms. */
  deadlineMs: number
  breakerFailures: number
  breakerFailingMs: number
  breakerOpenMs: number
  /** Calls inside one instance at once, beyond which it turns away who matters least. */
  inFlightMax: number
  /** A full collection of garbage so often, ms, so that the heap shows what is held. */
  heapCollectEveryMs: number
  /** 1: agents show tokens of an identity provider, which is then started beside the server; 0: what they show otherwise. */
  identityProvider: number
  /** Instances of the server behind a balancer, 1 to 16. */
  instances: number
  /** The same, but only of a server that is meant to run as several: its target declares more than one (`declared.instances`). */
  instancesIfDeclared: number
}

export interface Plan {
  schemaVersion: 1
  scenario: string
  target: string
  seed: number
  scale: Scale
  protocol: '2026-07-28' | '2025-11-25' | '2025-06-18'
  phases: Phase[]
  faults: PlannedFault[]
  /** Delay that each link adds in every phase, ms each way: the network that a test on one machine lacks. */
  links: Record<string, { delayMs: number }>
  settings: Partial<Settings>
  roles: Partial<Record<Role, PlannedRole>>
  agents: PlannedAgent[]
  /** Keys that agents of several tenants use, each for an intent of its own: by how many tenants. */
  sharedKeys?: Record<string, number>
  /** Who of the scenario is not there, since the target lacks what they need: sentences with the line to add. Absent: all are. */
  leftOut?: string[]
  checks: PlannedCheck[]
  essential: string[]
  /** The end of the last phase, ms. */
  endsAtMs: number
  /** How long the server is still looked at once the last agent has stopped, ms; absent: not at all. */
  afterMs?: number
  /** Longest a client waits for an answer, ms: how long calls may outlive the last phase. */
  patienceMs: number
}
