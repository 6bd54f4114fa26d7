// The lines of the other raw files, as the harness writes them beside the load: faults, links, samples, effects, clock, spans, leaks,
// upstream (the stub's hits) and generators, which came by way of the collector. Types only. Times are wall-clock ms.
import type { Role } from '../plan/plan.ts'

/** What a generator that shares the plan says of itself. `part` counts from 1; 0 is the harness. */
export interface GeneratorLine {
  kind: 'generator'
  atMs: number
  part: number
  of: number
  /** `hello`: it is there; `clock`: one measurement; `end`: its file is whole, so far as it can tell. */
  event: 'hello' | 'clock' | 'end'
  /** The plan that it has drawn. */
  planHash?: string
  host?: string
  /** What to add to its clock to get the collector's, and how far off that may be either way. */
  offsetMs?: number
  uncertaintyMs?: number
  /** At its end: the size of its file. */
  bytes?: number
}

export interface FaultLine {
  kind: 'fault'
  atMs: number
  window: string
  fault: string
  dependency: string
  /** Which time, where its window has this fault more than once. */
  turn?: number
  event: 'injecting' | 'injected' | 'changed' | 'felt' | 'not-felt' | 'healing' | 'healed' | 'not-healed'
  /** What the canary measured. */
  detail?: string
}

/** A connection attempt at one of the proxy's links. */
export interface AttemptLine {
  kind: 'attempt'
  atMs: number
  link: string
  /** Refused by a fault at the link, or by what is behind it. */
  refused: boolean
}

/** A request that reached the upstream stub; the harness's own canaries are left out. */
export interface HitLine {
  kind: 'hit'
  atMs: number
  /** What the stub answered; 0: nothing. */
  status: number
  /** `X-Request-Id` of the request: the agent's call, when the server passes it on. */
  call?: string
  /** Of its `traceparent`. */
  trace?: string
}

/** A span that the server sent to the harness's own collector. */
export interface SpanLine {
  kind: 'span'
  atMs: number
  endedAtMs: number
  trace: string
  span: string
  parent?: string
  name: string
  /** `server` | `client` | `internal`. */
  role: string
  instance?: string
  /** Numbers and words only, at most 200 characters each. */
  attributes: Record<string, string | number | boolean>
}

/** A planted secret that was found where none belongs. */
export interface LeakLine {
  kind: 'leak'
  /** `server-1.log:214`, `spans`. */
  where: string
  /** The secret as planted. */
  secret: string
  /** The call whose arguments held it. */
  call?: string
}

/** Values by `series` name (`poolWaiting{pool="cheap"}`), in the unit that the name ends with. */
export interface SampleLine {
  kind: 'sample'
  atMs: number
  sampler: string
  instance?: string
  values: Record<string, number>
}

/** Effects of one idempotency key, read once activity was 0. */
export interface EffectLine {
  kind: 'effect'
  role: Role
  key: string
  rows: number
  names: string[]
  /** Whose they are, as `agents.tenant` names them, where the query says so: then a line a key and tenant. */
  tenant?: string
}

/** Wall and monotonic clock, read together. */
export interface ClockLine {
  kind: 'clock'
  atMs: number
  monotonicMs: number
}
