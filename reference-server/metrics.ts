// What Prometheus sees. No label carries an agent or tenant: there may be thousands.
// High-water marks and counters beside gauges, since a scrape every few seconds misses what happens between.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BreakerState } from './controls/breaker.ts'

const STATES: Record<BreakerState, number> = { closed: 0, open: 1, 'half-open': 2 }

export interface PoolFigures {
  name: string
  used: number
  idle: number
  waiting: number
  waitingMax: number
}

export type Metrics = ReturnType<typeof createMetrics>

/** @param pools read at every scrape */
export function createMetrics(pools: () => PoolFigures[], inFlight: () => number) {
  const registry = new Registry()
  const registers = [registry]
  const waitMsMax = new Map<string, number>()
  const poolWait = new Histogram({
    name: 'pool_wait_seconds',
    help: 'Wait for a connection',
    labelNames: ['pool'],
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  })
  gaugePools(registry, pools, waitMsMax)
  new Gauge({
    name: 'calls_in_flight',
    help: 'Requests that have not been answered',
    registers,
    collect() {
      this.set(inFlight())
    },
  })
  const breakerState = new Gauge({
    name: 'breaker_state',
    help: '0 closed, 1 open, 2 half-open',
    labelNames: ['dependency'],
    registers,
  })
  const breakerTransitions = new Counter({
    name: 'breaker_transitions_total',
    help: 'Changes of a breaker',
    labelNames: ['dependency', 'to'],
    registers,
  })
  return {
    registry,
    limiterMode: new Gauge({ name: 'limiter_mode', help: '0 Redis, 1 without Redis: declared fallback', registers }),
    refusals: new Counter({ name: 'refusals_total', help: 'Errors told, by code', labelNames: ['code'], registers }),
    idempotency: new Counter({ name: 'idempotency_total', help: 'Keys, by how they were met', labelNames: ['outcome'], registers }),
    duration: new Histogram({
      name: 'mcp_server_operation_duration_seconds',
      help: 'Time to answer, by tool and outcome',
      labelNames: ['tool', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    waited(pool: string, ms: number): void {
      poolWait.observe({ pool }, ms / 1_000)
      waitMsMax.set(pool, Math.max(ms, waitMsMax.get(pool) ?? 0))
    },
    breakerIs(dependency: string, state: BreakerState): void {
      breakerState.set({ dependency }, STATES[state])
      breakerTransitions.inc({ dependency, to: state })
    },
    breakerStarts(dependency: string): void {
      breakerState.set({ dependency }, STATES.closed)
    },
  }
}

/** One gauge a figure, read when scraped. */
function gaugePools(registry: Registry, pools: () => PoolFigures[], waitMsMax: ReadonlyMap<string, number>): void {
  const registers = [registry]
  new Gauge({
    name: 'pool_connections',
    help: 'Connections to Postgres by state',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const { name, used, idle } of pools()) {
        this.set({ pool: name, state: 'used' }, used)
        this.set({ pool: name, state: 'idle' }, idle)
      }
    },
  })
  new Gauge({
    name: 'pool_waiting',
    help: 'Calls waiting for a connection',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const { name, waiting } of pools()) this.set({ pool: name }, waiting)
    },
  })
  new Gauge({
    name: 'pool_waiting_max',
    help: 'Most calls that ever waited for a connection, since the start',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const { name, waitingMax } of pools()) this.set({ pool: name }, waitingMax)
    },
  })
  new Gauge({
    name: 'pool_wait_seconds_max',
    help: 'Longest wait for a connection, since the start',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const { name } of pools()) this.set({ pool: name }, (waitMsMax.get(name) ?? 0) / 1_000)
    },
  })
}
