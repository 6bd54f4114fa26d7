// Stops asking a dependency that does not answer: refusals cost nothing and the dependency gets quiet to come back in.
// Opens at BREAKER_FAILURES (20) failures in a row, or once nothing but failures came for BREAKER_FAILING_MS (5 s) and at
// least two, whichever comes first: at agent rates a share over a sampling window opens too late or never.
// After BREAKER_OPEN_MS (5 s) one probe is let through; the others are refused meanwhile, told the time that is left.
// The probe has a deadline of its own (BREAKER_PROBE_MS): one that is never heard of again counts as failed, and one that
// ended without asking the dependency gives its place away. So half-open always ends.
// Only transport and dependency failures count; wrong arguments, SQL errors and refusals say that the dependency lives.
// Does not model: partial failure (a success in between starts the count anew), one breaker for several instances.
// Source: Nygard, "Release It!"; seed 2, "Backpressure and Failure Policy".
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import { control } from './control.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

export interface BreakerOptions {
  dependency: string
  failures: number
  failingMs: number
  openMs: number
  probeMs: number
  /** Monotonic, ms. */
  clock: () => number
  changed: (to: BreakerState) => void
}

export interface Permit {
  /** What the call learnt; absent: it never asked. Only the first end counts. */
  end(learnt: 'up' | 'down' | undefined): void
}

export interface Breaker {
  readonly state: BreakerState
  /** Until the next probe may go, ms; 0 when closed. */
  readonly remainingMs: number
  /** @throws CallError DEPENDENCY_UNAVAILABLE while open */
  enter(): Permit
}

export function countingBreaker(options: BreakerOptions): Breaker {
  const { failures, failingMs, openMs, probeMs, clock, changed } = options
  let state: BreakerState = 'closed'
  let until = 0
  let failed = 0
  let failingSince = 0
  let probe: object | undefined

  const become = (next: BreakerState, forMs: number): void => {
    until = clock() + forMs
    if (state === next) return
    state = next
    changed(next)
  }
  const succeed = (): void => {
    failed = 0
    probe = undefined
    become('closed', 0)
  }
  const fail = (): void => {
    if (failed === 0) failingSince = clock()
    failed += 1
    const enough = failed >= failures || (failed >= 2 && clock() - failingSince >= failingMs)
    if (state === 'half-open' || enough) {
      probe = undefined
      become('open', openMs)
    }
  }
  const refuse = (): never => {
    throw unavailable(options.dependency, Math.max(1, until - clock()))
  }

  return {
    get state() {
      return state
    },
    get remainingMs() {
      return state === 'closed' ? 0 : Math.max(0, until - clock())
    },
    enter() {
      if (state === 'half-open' && probe && clock() >= until) fail()
      if (state === 'open' && clock() < until) refuse()
      if (state === 'half-open' && probe) refuse()
      const permit = {}
      if (state !== 'closed') {
        probe = permit
        become('half-open', probeMs)
      }
      // Verdicts of calls let in before the breaker opened say nothing about a probe.
      const isProbe = probe === permit
      let ended = false
      return {
        end(learnt) {
          if (ended) return
          ended = true
          if (isProbe ? probe !== permit : state !== 'closed') return
          if (learnt === 'up') succeed()
          else if (learnt === 'down') fail()
          else probe = undefined
        },
      }
    },
  }
}

function unavailable(dependency: string, retryAfterMs: number): CallError {
  const wait = Math.ceil(retryAfterMs / 1_000)
  return new CallError('DEPENDENCY_UNAVAILABLE', `The ${dependency} behind this tool does not answer; ask again in ${wait} s.`, {
    scope: dependency,
    retryAfterMs: Math.ceil(retryAfterMs),
  })
}

export const breaker = control({
  summary: 'Refuses calls to a dependency that does not answer, and probes it one call at a time.',
  source: 'seed 2, "Circuit breaking: cascading failures get cut off before they spread"; Nygard, Release It!',
  settings: ['BREAKER_FAILURES', 'BREAKER_FAILING_MS', 'BREAKER_OPEN_MS', 'BREAKER_PROBE_MS'],
  wrap: (next, { breakers }) =>
    async function breaker(call) {
      const permits: [Dependency, Permit][] = []
      try {
        for (const dependency of DEPENDENCIES) if (needs(call.tool, dependency)) permits.push([dependency, breakers[dependency].enter()])
        return await next(call)
      } finally {
        for (const [dependency, permit] of permits) permit.end(call.facts[dependency])
      }
    },
})

/** What stands behind tools; Redis, which every call needs, has its breaker in the limiter. */
const DEPENDENCIES = ['postgres', 'upstream'] as const
type Dependency = (typeof DEPENDENCIES)[number]

/** `postgres:orders` needs `postgres`. */
export function needs(tool: Call['tool'], dependency: Dependency): boolean {
  return tool?.needs.some((need) => need.split(':')[0] === dependency) ?? false
}
