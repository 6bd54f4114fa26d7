// The one hand-over from a run to its judges: everything that was recorded, merged, ordered and classified.

import type { Plan } from '../plan/plan.ts'
import type { AgentLine, Call } from './event.ts'
import type { Manifest } from './manifest.ts'
import type { AttemptLine, ClockLine, EffectLine, FaultLine, HitLine, LeakLine, SampleLine, SpanLine } from './raw-line.ts'
import type { ServerSaid } from './server-said.ts'

export interface History {
  readonly manifest: Manifest
  readonly plan: Plan
  /** By the moment they were sent. All times are ms since the run's start. */
  readonly calls: readonly Call[]
  readonly agents: readonly AgentLine[]
  readonly faults: readonly FaultLine[]
  readonly attempts: readonly AttemptLine[]
  readonly samples: readonly SampleLine[]
  readonly effects: readonly EffectLine[]
  readonly clocks: readonly ClockLine[]
  readonly hits: readonly HitLine[]
  readonly spans: readonly SpanLine[]
  readonly leaks: readonly LeakLine[]
  /** Moments that were taken out, since the machine stood still in them (stills.ts); absent: none. */
  readonly without?: readonly { fromMs: number; toMs: number }[]
  /** For people; no check reads it. */
  readonly said: ServerSaid
}
