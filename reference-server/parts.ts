// What the server is composed of. Each part is a value or a way to make one; a weakness (--weaken, WEAKNESS) puts one other part
// in its place and nothing else, so the server's own code has no `if` for being weak.

import { type Alive, ofTheProcess } from './alive.ts'
import { type OpenKeySet, openKeySet } from './auth/key-set.ts'
import type { Settings } from './config.ts'
import { authenticate } from './controls/authenticate.ts'
import { authenticateByToken } from './controls/authenticate-by-token.ts'
import { type Breaker, type BreakerOptions, countingBreaker } from './controls/breaker.ts'
import { agentBudgets, type BudgetsOf } from './controls/budgets.ts'
import type { Control } from './controls/control.ts'
import { type Once, oncePerKey } from './controls/idempotency.ts'
import { boundedQueue, type Queue, type QueueOptions } from './controls/queue.ts'
import { boundedTimes, type Times } from './controls/times.ts'
import { type GuidanceOf, retryGuidance } from './guidance.ts'
import type { Log } from './log.ts'
import { type OpenConnections, pooledConnections } from './store/postgres.ts'
import { createInvoice } from './tools/create-invoice.ts'
import { describeTable } from './tools/describe-table.ts'
import { listTables } from './tools/list-tables.ts'
import { runQuery } from './tools/run-query.ts'
import type { Tool } from './tools/tool.ts'
import { createTraces, type Traces } from './traces.ts'

export interface Parts {
  settings: Settings
  log: Log
  traces: Traces
  /** Monotonic, ms. */
  clock: () => number
  /** 0 ≤ x < 1. */
  random: () => number
  /** By name, in the order of tools/list. */
  tools: ReadonlyMap<string, Tool>
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
  /** Where connections to Postgres come from. */
  connections: OpenConnections
  /** The line before a pool. */
  queue: (options: QueueOptions) => Queue
  breaker: (options: BreakerOptions) => Breaker
  /** Redis' own; apart, so that a weakness of the other shows alone. */
  redisBreaker: (options: BreakerOptions) => Breaker
  /** At most once a key. */
  once: Once
}

export function compose(settings: Settings, log: Log): Parts {
  return {
    settings,
    log,
    traces: createTraces(settings),
    clock: () => performance.now(),
    random: Math.random,
    tools: new Map([createInvoice, describeTable, listTables, runQuery].map((tool) => [tool.name, tool])),
    authenticate: settings.AUTH === 'keys' ? authenticate : authenticateByToken,
    openKeySet,
    budgets: agentBudgets,
    guidance: retryGuidance,
    times: boundedTimes(settings),
    alive: ofTheProcess,
    connections: pooledConnections,
    queue: boundedQueue,
    breaker: countingBreaker,
    redisBreaker: countingBreaker,
    once: oncePerKey,
  }
}
