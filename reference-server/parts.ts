// What the server is composed of. Each part is a value or a way to make one; a weakness (--weaken, WEAKNESS) puts one other part
// in its place and nothing else, so the server's own code has no `if` for being weak.

import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { type Alive, ofTheProcess } from './alive.ts'
import { type OpenKeySet, openKeySet } from './auth/key-set.ts'
import type { Settings } from './config.ts'
import { authenticate } from './controls/authenticate.ts'
import { authenticateByToken } from './controls/authenticate-by-token.ts'
import { type Breaker, type BreakerOptions, countingBreaker } from './controls/breaker.ts'
import { agentBudgets, type BudgetsOf } from './controls/budgets.ts'
import type { Control } from './controls/control.ts'
import { ladderGate, type OpenGate } from './controls/gate.ts'
import { type Once, oncePerKey } from './controls/idempotency.ts'
import { boundedQueue, type Queue, type QueueOptions } from './controls/queue.ts'
import { bindingQuota, type QuotaHeaders } from './controls/quota-headers.ts'
import { boundedTimes, type Times } from './controls/times.ts'
import { readsFromMemory, type WithoutRedis } from './controls/without-redis.ts'
import { type GuidanceOf, retryGuidance } from './guidance.ts'
import type { Log } from './log.ts'
import { type LoopWatch, watchLoop } from './loop-watch.ts'
import { ledgerOffers, type Offers } from './offers.ts'
import type { Policy } from './policy/policy.ts'
import { refundPolicy } from './policy/refund-order.ts'
import { schemaList, schemaRead } from './resources/schema.ts'
import { createAdmin, type OpenAdmin } from './store/admin.ts'
import { type Cursors, createCursors } from './store/cursors.ts'
import { type Limiter, redisLimiter } from './store/limiter.ts'
import { type OpenConnections, pooledConnections } from './store/postgres.ts'
import { type OpenRedis, openRedis } from './store/redis.ts'
import { createRates, type RatesOf } from './store/upstream.ts'
import { buildReport } from './tools/build-report.ts'
import { createInvoice } from './tools/create-invoice.ts'
import { describeTable } from './tools/describe-table.ts'
import { exportAudit } from './tools/export-audit.ts'
import { exportRows } from './tools/export-rows.ts'
import { getCustomer } from './tools/get-customer.ts'
import { getExchangeRate } from './tools/get-exchange-rate.ts'
import { getUpstreamProfile } from './tools/get-upstream-profile.ts'
import { listFolder } from './tools/list-folder.ts'
import { listTables } from './tools/list-tables.ts'
import { manageAgent } from './tools/manage-agent.ts'
import { quoteInvoice } from './tools/quote-invoice.ts'
import { refundOrder } from './tools/refund-order.ts'
import { reviewRefund } from './tools/review-refund.ts'
import { runQuery } from './tools/run-query.ts'
import { searchCustomers } from './tools/search-customers.ts'
import type { Tool } from './tools/tool.ts'
import { usageReport } from './tools/usage-report.ts'
import { createTraces, type Traces } from './traces.ts'

export const TOOLS: readonly Tool[] = [
  ...[buildReport, createInvoice, describeTable, exportAudit, exportRows, getCustomer, getExchangeRate, getUpstreamProfile],
  ...[listFolder, listTables, manageAgent, quoteInvoice, refundOrder, reviewRefund, runQuery, searchCustomers, usageReport],
]

/** By tool: which arguments want a person's word. */
export const POLICIES: ReadonlyMap<string, Policy> = new Map([['refund_order', refundPolicy]])

const ALERT_RULES = readFileSync(new URL('./operations/prometheus/alerts.yml', import.meta.url), 'utf8')

export interface Parts {
  settings: Settings
  log: Log
  traces: Traces
  /** Monotonic, ms. */
  clock: () => number
  /** 0 ≤ x < 1. */
  random: () => number
  /** The controls in the order in which a call passes them: as server.ts has them. */
  arrange: (controls: readonly Control[]) => readonly Control[]
  /** By name, in the order of tools/list. */
  tools: ReadonlyMap<string, Tool>
  /** What answers methods other than tools/call and takes a connection. */
  resources: ReadonlyMap<string, Tool>
  /** By tool: which arguments want a person's word. */
  policies: ReadonlyMap<string, Policy>
  /** What stands behind the protocol. */
  offers: Offers
  /** The service behind some tools. */
  ratesOf: RatesOf
  /** Who is calling: pattern A, or B and C. */
  authenticate: Control
  /** Where the identity provider's keys come from. */
  openKeySet: OpenKeySet
  /** Which budgets a call is charged to. */
  budgets: BudgetsOf
  /** What a refusal says about coming back. */
  guidance: GuidanceOf
  /** Every bound on time. */
  times: Times
  /** What the liveness probe says. */
  alive: Alive
  /** The connections that are never lent to a call, and how a backend is told to stop. */
  openAdmin: OpenAdmin
  /** Where connections to Postgres come from. */
  connections: OpenConnections
  /** The line before a pool. */
  queue: (options: QueueOptions) => Queue
  breaker: (options: BreakerOptions) => Breaker
  /** Redis' own; apart, so that a weakness of the other shows alone. */
  redisBreaker: (options: BreakerOptions) => Breaker
  /** At most once a key. */
  once: Once
  /** Who is let in when there is too much to do. */
  openGate: OpenGate
  watchLoop: () => LoopWatch
  /** The connection to Redis. */
  redisConnection: OpenRedis
  /** Where a cut list goes on. */
  cursorsIn: (redis: Redis, withinMs: number) => Cursors
  /** Where budgets are kept. */
  limiterIn: (redis: Redis) => Limiter
  /** What is admitted while Redis is away. */
  withoutRedis: WithoutRedis
  /** What an answer says of the budget that binds. */
  quotaHeaders: QuotaHeaders
  /** Prometheus' rules for its metrics, as the admin port serves them. */
  alertRules: string
  /** Told to end: what is done before the process exits. `drain` ends within DRAIN_DELAY_MS + DRAIN_GRACE_MS and a little. */
  beforeExit: (drain: () => Promise<void>) => Promise<void>
}

export function compose(settings: Settings, log: Log): Parts {
  return {
    settings,
    log,
    traces: createTraces(settings),
    clock: () => performance.now(),
    random: Math.random,
    arrange: (controls) => controls,
    tools: byName(TOOLS.filter((tool) => tool !== getUpstreamProfile || settings.OAUTH_CLIENT_ID !== '')),
    resources: byName([schemaList, schemaRead]),
    offers: ledgerOffers,
    policies: POLICIES,
    ratesOf: createRates({
      url: settings.UPSTREAM_URL,
      timeoutMs: settings.UPSTREAM_TIMEOUT_MS,
      tagKey: settings.LOG_HASH_KEY,
      clock: () => performance.now(),
    }),
    authenticate: settings.AUTH === 'keys' ? authenticate : authenticateByToken,
    openKeySet,
    budgets: agentBudgets,
    guidance: retryGuidance,
    times: boundedTimes(settings),
    alive: ofTheProcess,
    openAdmin: createAdmin,
    connections: pooledConnections,
    queue: boundedQueue,
    breaker: countingBreaker,
    redisBreaker: countingBreaker,
    once: oncePerKey,
    openGate: ladderGate,
    watchLoop,
    redisConnection: openRedis,
    cursorsIn: createCursors,
    limiterIn: redisLimiter,
    withoutRedis: readsFromMemory,
    quotaHeaders: bindingQuota,
    alertRules: ALERT_RULES,
    beforeExit: (drain) => drain(),
  }
}

/** In the order of their names: the same on every instance and at every start. */
function byName(tools: readonly Tool[]): ReadonlyMap<string, Tool> {
  return new Map(tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((tool) => [tool.name, tool]))
}
