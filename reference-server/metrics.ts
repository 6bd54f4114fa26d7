// What Prometheus sees; operations/metrics.md tells each in words, and a test keeps the two complete.
// No label carries an agent, a tenant or anything that a caller may choose: there may be thousands.
// High-water marks and counters beside gauges, since a scrape every few seconds misses what happens between.
// A call's time is told in parts that do not overlap: the body on its way in, the limiter, the line before a pool,
// Postgres, the service upstream, and the rest, which is this process.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Answer, Call, Facts } from './call.ts'
import type { BreakerState } from './controls/breaker.ts'
import { ERRORS } from './errors.ts'
import { type Marks, processGauges, type Scraped, scrapedGauges } from './metrics-scraped.ts'

const STATES: Record<BreakerState, number> = { closed: 0, open: 1, 'half-open': 2 }
/** Finer below 10 ms than the convention's: a cheap call takes 2. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const PART_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type Metrics = ReturnType<typeof createMetrics>

/** @param scraped read at every scrape */
export function createMetrics(scraped: Omit<Scraped, 'waitMsMax' | 'marks'>) {
  const registry = new Registry()
  const registers = [registry]
  const waitMsMax = new Map<string, number>()
  const marks: Marks = { inFlightMax: 0, limiterMode: 0, limiterModeMax: 0 }
  scrapedGauges(registry, { ...scraped, waitMsMax, marks })
  processGauges(registry, scraped)
  const poolWait = new Histogram({
    name: 'pool_wait_seconds',
    help: 'Wait for a connection',
    labelNames: ['pool'],
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  const answered = answeredCounters(registers)
  const counters = counted(registers)
  return {
    registry,
    ...counters,
    /** A call was decided by Redis (0), or without (1). */
    limiterDecided(mode: Marks['limiterMode']): void {
      marks.limiterMode = mode
      if (mode === 1) marks.limiterModeMax = 1
    },
    /** A request came in: `inFlight` of them are inside now. */
    entered(now: number): void {
      if (now > marks.inFlightMax) marks.inFlightMax = now
    },
    waited(pool: string, ms: number): void {
      poolWait.observe({ pool }, ms / 1_000)
      waitMsMax.set(pool, Math.max(ms, waitMsMax.get(pool) ?? 0))
    },
    breakerIs(dependency: string, state: BreakerState): void {
      counters.breakerState.set({ dependency }, STATES[state])
      counters.breakerTransitions.inc({ dependency, to: state })
    },
    breakerStarts(dependency: string): void {
      counters.breakerState.set({ dependency }, STATES.closed)
      for (const to of ['open', 'half-open', 'closed']) counters.breakerTransitions.inc({ dependency, to }, 0)
    },
    answered,
  }
}

function counted(registers: Registry[]) {
  const labelled = (name: string, help: string, ...labelNames: string[]) => ({ name, help, labelNames, registers })
  return {
    breakerState: new Gauge(labelled('breaker_state', '0 closed, 1 open, 2 half-open', 'dependency')),
    breakerTransitions: new Counter(labelled('breaker_transitions_total', 'Changes of a breaker', 'dependency', 'to')),
    idempotency: new Counter(labelled('idempotency_total', 'Keys, by how they were met', 'outcome')),
    connectionsCut: new Counter(labelled('connections_cut_total', 'Connections cut to stay within the bounds', 'why')),
    shed: new Counter(labelled('shed_total', 'Calls turned away by the overload gate, by their priority', 'tier')),
  }
}

/** What every answer is counted in. Children are looked up once: a lookup by labels costs more than the count itself. */
function answeredCounters(registers: Registry[]) {
  const refusals = new Counter({ name: 'refusals_total', help: 'Errors told, by code', labelNames: ['code'], registers })
  const limited = new Counter({ name: 'limited_total', help: 'Refusals by a budget, by which', labelNames: ['scope'], registers })
  const slow = new Counter({ name: 'slow_total', help: "Served calls later than their tool's sloMs", labelNames: ['tool'], registers })
  // From nothing to one is a rise only if there was a nothing: an alert on the first of a code needs its zero.
  for (const code of Object.keys(ERRORS)) refusals.inc({ code }, 0)
  const duration = new Histogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'Time to answer, by tool and outcome (mcp.server.operation.duration)',
    labelNames: ['tool', 'status'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const durations = new Map<string, ReturnType<typeof duration.labels>>()
  const durationOf = (tool: string, status: string): ReturnType<typeof duration.labels> => {
    const key = `${tool} ${status}`
    const known = durations.get(key) ?? duration.labels({ tool, status })
    durations.set(key, known)
    return known
  }
  const parts = partTimes(registers)
  return (call: Call | undefined, answer: Answer | undefined, durationMs: number): void => {
    const status = answer?.error?.counts ?? (answer ? 'success' : 'gone')
    if (answer?.error) {
      refusals.inc({ code: answer.error.code })
      if (status === 'rate_limited') limited.inc({ scope: answer.error.scope ?? 'other' })
    }
    if (status === 'success' && call?.tool && durationMs > call.tool.sloMs) slow.inc({ tool: call.tool.name })
    durationOf(call?.tool?.name ?? 'none', status).observe(durationMs / 1_000)
    if (call) parts(call.facts, durationMs)
  }
}

function partTimes(registers: Registry[]): (facts: Facts, durationMs: number) => void {
  const histogram = new Histogram({
    name: 'call_part_seconds',
    help: 'Where the time of calls went; the parts do not overlap',
    labelNames: ['part'],
    buckets: PART_BUCKETS,
    registers,
  })
  const timer = (part: string): ((ms: number) => void) => {
    const child = histogram.labels({ part })
    return (ms) => void (ms > 0 && child.observe(ms / 1_000))
  }
  const [transport, limiter, queue] = [timer('transport'), timer('limiter'), timer('queue')]
  const [postgres, upstream, rest] = [timer('postgres'), timer('upstream'), timer('process')]
  return ({ bodyMs = 0, admissionMs = 0, queueMs, dbMs, upstreamMs }, durationMs) => {
    transport(bodyMs)
    limiter(admissionMs)
    queue(queueMs)
    postgres(dbMs)
    upstream(upstreamMs)
    rest(durationMs - bodyMs - admissionMs - queueMs - dbMs - upstreamMs)
  }
}
