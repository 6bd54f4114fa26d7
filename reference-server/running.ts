// The server's parts, opened: what the controls work with while it runs.
import type { Redis } from 'ioredis'
import type { KeySet } from './auth/key-set.ts'
import { openProvider, type Provider } from './auth/provider.ts'
import { type AsUserOf, createAsUser } from './auth/token-exchange.ts'
import { type Bodies, boundBodies } from './bodies.ts'
import { ADMIN_CONNECTIONS } from './config.ts'
import type { Breaker } from './controls/breaker.ts'
import type { Gate } from './controls/gate.ts'
import type { Queue } from './controls/queue.ts'
import { textOf } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { Parts } from './parts.ts'
import { poolFigures } from './pool-figures.ts'
import { createRetention, type Retention } from './retention.ts'
import type { Admin } from './store/admin.ts'
import type { Cursors } from './store/cursors.ts'
import { countInstances, type Instances } from './store/instances.ts'
import { createKeys, type Keys } from './store/keys.ts'
import type { Limiter } from './store/limiter.ts'
import { LocalLimiter } from './store/local-limiter.ts'
import type { Connections } from './store/postgres.ts'
import { answerWithin } from './store/redis.ts'
import { createRevocations, type Revocations } from './store/revocations.ts'
import type { PoolName } from './tools/tool.ts'
import { createTypical, type Typical } from './typical.ts'
import { createUsage, type Usage } from './usage.ts'

export interface Bulkhead {
  queue: Queue
  connections: Connections
}

export interface Running extends Parts {
  metrics: Metrics
  redis: Redis
  limiter: Limiter
  /** While Redis is away. */
  local: LocalLimiter
  instances: Instances
  keys: Keys
  /** Of patterns B and C. */
  provider: Provider
  keySet: KeySet
  /** The service behind some tools, with the calling user's own rights. */
  asUserOf: AsUserOf
  revocations: Revocations
  admin: Admin
  breakers: Record<'postgres' | 'redis' | 'upstream', Breaker>
  bulkheads: Record<PoolName, Bulkhead>
  typical: Typical
  cursors: Cursors
  usage: Usage
  retention: Retention
  /** Requests that have not been answered. */
  inFlight: number
  bodies: Bodies
  /** Who is let in when there is too much to do. */
  gate: Gate
  /** Work that goes on behind an answer. */
  behind: Set<Promise<unknown>>
  /** Told to stop: not ready any more, while calls that still come are served. */
  leaving: boolean
  /** New calls are refused. */
  draining: boolean
  /** Redis answers and every pool has a connection, or `WARM_MS` have passed: the first callers need not wait for either. */
  warm(): Promise<void>
  close(withinMs: number): Promise<void>
}

/** Redis is near and only counts: when it fails a few times in a row it is away. */
const REDIS_FAILURES = 3
const REDIS_OPEN_MS = 1_000
const WARM_MS = 2_000

/** Opens stores and pools; connects to Redis in the background, to Postgres when first asked. */
export function open(parts: Parts): Running {
  const { settings, times, clock } = parts
  const adminConnections = parts.connections({ url: settings.DATABASE_URL, name: 'admin', max: ADMIN_CONNECTIONS, times })
  const admin = parts.openAdmin(adminConnections, times)
  const redis = parts.redisConnection(parts)
  const loop = parts.watchLoop()
  const metrics: Metrics = createMetrics({
    pools: () => poolFigures(bulkheads, adminConnections),
    inFlight: () => running.inFlight,
    leases: () => answerWithin(settings.REDIS_TIMEOUT_MS, running.limiter.held()),
    loop: loop.reader(),
    collectEveryMs: settings.HEAP_COLLECT_EVERY_MS,
  })
  const waiting = (pool: PoolName): number => running.bulkheads[pool].queue.waiting
  const bodies = boundBodies(settings.IN_FLIGHT_BYTES_MAX, clock)
  const gate = parts.openGate({ settings, clock, random: parts.random, loop: loop.reader(), bytesInside: () => bodies.bytes, waiting })
  const bulkheads = openBulkheads(parts, metrics, gate)
  const breakers = {
    postgres: openBreaker(parts, metrics, 'postgres'),
    redis: openBreaker(parts, metrics, 'redis'),
    upstream: openBreaker(parts, metrics, 'upstream'),
  }
  // Open, but due for a probe: whoever knows callers asks as well, or nobody would ever reach the breaker to close it.
  const reachable = (): boolean => breakers.postgres.remainingMs === 0
  const keys = createKeys({ query: admin.query, reachable, clock })
  const provider = openProvider({ issuer: settings.OAUTH_ISSUER, timeoutMs: settings.OAUTH_TIMEOUT_MS })
  const revocations = createRevocations({
    query: admin.query,
    reachable,
    clock,
    revoked: keys.forget,
    failed: (error) => parts.log.problem('revocations', error),
  })
  const instances = countInstances({ redis, name: `${settings.INSTANCE}-${process.pid}`, declared: settings.INSTANCES })
  const running: Running = {
    ...parts,
    metrics,
    redis,
    limiter: parts.limiterIn(redis),
    local: new LocalLimiter(clock),
    instances,
    keys,
    provider,
    keySet: openKeySetOf(parts, provider),
    asUserOf: createAsUser({ settings, provider, clock }),
    revocations,
    admin,
    breakers,
    bulkheads,
    typical: createTypical(),
    cursors: parts.cursorsIn(redis, settings.REDIS_TIMEOUT_MS),
    usage: createUsage(admin.query, settings.USAGE_FLUSH_MS),
    retention: createRetention({ query: admin.query, reachable, failed: (error) => parts.log.problem('retention', error) }),
    inFlight: 0,
    bodies,
    gate,
    behind: new Set(),
    leaving: false,
    draining: false,
    warm: () => warmed(redis, Object.values(bulkheads)),
    async close(withinMs) {
      revocations.close()
      instances.close()
      redis.disconnect()
      running.retention.close()
      await running.usage.close()
      const pools = Object.values(bulkheads).map(({ connections }) => connections.close(withinMs))
      await Promise.all([...pools, admin.close(withinMs), parts.traces.close(withinMs)])
    },
  }
  revocations.start()
  return running
}

async function warmed(redis: Redis, pools: Bulkhead[]): Promise<void> {
  const { promise: late, resolve: giveUp } = Promise.withResolvers<void>()
  const timer = setTimeout(giveUp, WARM_MS)
  const ready = redis.status === 'ready' ? undefined : new Promise<void>((resolve) => redis.once('ready', resolve))
  const connected = pools.map(async ({ connections }) => (await connections.open()).release(false))
  await Promise.race([Promise.allSettled([ready, ...connected]), late])
  clearTimeout(timer)
}

function openKeySetOf({ openKeySet, settings, clock, log }: Parts, provider: Provider): KeySet {
  let state: 'up' | 'down' = 'up'
  return openKeySet({
    provider,
    freshMs: settings.OAUTH_KEYS_FRESH_MS,
    staleMs: settings.OAUTH_KEYS_STALE_MS,
    clock,
    changed(to, why) {
      if (to !== state) log.event('identity provider', { state: to, ...(why !== undefined && { problem: textOf(why) }) })
      state = to
    },
  })
}

function openBulkheads(parts: Parts, metrics: Metrics, gate: Gate): Record<PoolName, Bulkhead> {
  const { POOL_CHEAP: cheap, POOL_EXPENSIVE: expensive, POOL_WRITE: write } = parts.settings
  const opened = (name: PoolName, slots: number): Bulkhead => openBulkhead(parts, metrics, gate, name, slots)
  return { cheap: opened('cheap', cheap), expensive: opened('expensive', expensive), write: opened('write', write) }
}

function openBulkhead(parts: Parts, metrics: Metrics, gate: Gate, name: PoolName, slots: number): Bulkhead {
  const { settings, times, clock, random } = parts
  const readOnlyRole = name === 'write' ? {} : { readOnlyRole: 'app_readonly' }
  return {
    connections: parts.connections({ url: settings.DATABASE_URL, name, max: slots, times, ...readOnlyRole }),
    queue: parts.queue({
      name,
      slots,
      waitingMax: settings.QUEUE_MAX,
      acquireTimeoutMs: times.acquireTimeoutMs,
      clock,
      random,
      waited(ms) {
        metrics.waited(name, ms)
        gate.waited(name, ms)
      },
    }),
  }
}

function openBreaker(parts: Parts, metrics: Metrics, dependency: keyof Running['breakers']): Breaker {
  const { settings, clock, log } = parts
  const nearby = dependency === 'redis'
  metrics.breakerStarts(dependency)
  const make = nearby ? parts.redisBreaker : parts.breaker
  return make({
    dependency,
    failures: nearby ? REDIS_FAILURES : settings.BREAKER_FAILURES,
    failingMs: settings.BREAKER_FAILING_MS,
    openMs: nearby ? REDIS_OPEN_MS : settings.BREAKER_OPEN_MS,
    probeMs: settings.BREAKER_PROBE_MS,
    clock,
    changed(to) {
      metrics.breakerIs(dependency, to)
      log.event('breaker', { dependency, state: to })
    },
  })
}
