// Budgets of an agent: calls a minute over all tools, calls a minute on one expensive tool, calls at once. All are
// checked in one script and one round trip; a refusal costs no budget and tells the exact wait of the budget that binds.
// Without these, one agent in a loop takes the pool from everybody (seed 1: 200 calls in 30 s; seed 2: list_tables).
// Keyed by tenant and agent: never by address (agents share egress), never by session (a loop opens new ones).
// Redis away: cheap reads go on under half the limit divided by instances, from memory; writes and expensive tools are refused
// (503), since their limits protect what memory of one process cannot.
// Silence of Redis counts once for all calls that wait at the same time: its breaker opens after three timeouts on end, not
// after one with many callers, and a stall of our own loop is no silence (store/redis.ts). Chosen over measuring the loop's
// lateness, which says nothing of Redis. Each call still waits one timeout at most. Errors that Redis tells are logged.
// A lease ends with the work behind the call, not with its answer; one that a silent Redis may have granted is given back on
// the same connection, behind the request. Those of a killed server or a cut connection expire: deadline + 5 s.
// Does not model: hour and day quotas, tenant-wide and tool-wide budgets, replays after a spent budget.
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Running } from '../running.ts'
import { type Admission, admitInRedis, type Budgets, type Standing } from '../store/limiter.ts'
import { answerWithin, isAway, RedisSilent } from '../store/redis.ts'
import type { Breaker, Permit } from './breaker.ts'
import { control } from './control.ts'

export const admission = control({
  summary: 'Holds every agent to its rate, its rate on expensive tools, and its calls at once.',
  source: 'seed 1, "Two layers, not one"; seed 2, "Rate Limiting That Actually Works"; RFC 9110 §10.2.3',
  settings: ['AGENT_RATE_PER_MINUTE', 'AGENT_BURST', 'AGENT_CONCURRENCY', 'AGENT_TOOL_RATE_PER_MINUTE', 'AGENT_TOOL_BURST'],
  wrap(next, running) {
    const decide = decider(running)
    return async function admission(call) {
      const budgets = running.budgets(call, running.settings, running.typical.ms(call.tool?.name) ?? UNKNOWN_HOLD_MS)
      const { verdict, release } = await decide(call, budgets)
      Object.assign(call.answerHeaders, rateLimitHeaders(verdict.standings))
      if (verdict.refusedBy) throw refusal(verdict)
      try {
        return await next(call)
      } finally {
        release()
      }
    }
  },
})

/** The hint for a tool that nobody has called yet, ms. */
const UNKNOWN_HOLD_MS = 1_000

interface Decision {
  verdict: Admission
  release: () => void
}

type Decide = (call: Call, budgets: Budgets) => Promise<Decision>

function decider(running: Running): Decide {
  const { redis, breakers, metrics, settings, clock, log } = running
  let silentAtMs = Number.NEGATIVE_INFINITY
  let lastProblem = ''
  const learnt = (error: unknown, sentAtMs: number): 'down' | undefined => {
    if (!(error instanceof RedisSilent)) return 'down'
    if (sentAtMs < silentAtMs) return undefined
    silentAtMs = clock()
    return 'down'
  }
  const tell = (error: unknown): void => {
    const problem = String(error)
    if (!isAway(error) && problem !== lastProblem) log.problem('limiter', error)
    lastProblem = problem
  }
  return async (call, budgets) => {
    const permit = entered(breakers.redis)
    if (!permit) return decideWithoutRedis(running, call, budgets)
    const sentAtMs = clock()
    try {
      const verdict = await answerWithin(settings.REDIS_TIMEOUT_MS, admitInRedis(redis, budgets))
      call.facts.admissionMs = clock() - sentAtMs
      permit.end('up')
      metrics.limiterMode.set(0)
      lastProblem = ''
      return { verdict, release: () => releaseInRedis(running, budgets) }
    } catch (error) {
      permit.end(learnt(error, sentAtMs))
      releaseInRedis(running, budgets)
      tell(error)
      return decideWithoutRedis(running, call, budgets)
    }
  }
}

/** Absent: the breaker is open. */
function entered(breaker: Breaker): Permit | undefined {
  try {
    return breaker.enter()
  } catch {
    return undefined
  }
}

/** The declared mode while Redis is away. */
function decideWithoutRedis({ local, settings, breakers, metrics }: Running, call: Call, budgets: Budgets): Decision {
  metrics.limiterMode.set(1)
  if (call.tool && (call.tool.class !== 'read' || call.tool.cost === 'expensive')) {
    const retryAfterMs = Math.max(1_000, breakers.redis.remainingMs)
    throw new CallError('DEPENDENCY_UNAVAILABLE', `Limits cannot be checked now; ask again in ${seconds(retryAfterMs)}.`, {
      scope: 'redis',
      retryAfterMs,
    })
  }
  const part = 0.5 / settings.INSTANCES
  const rates = budgets.rates.map((rate) => ({ ...rate, perMinute: rate.perMinute * part, burst: Math.max(1, rate.burst * part) }))
  const { lease } = budgets
  return {
    verdict: local.admit(lease ? { rates, lease } : { rates }),
    release: () => lease && local.release(lease.key, lease.id),
  }
}

function releaseInRedis({ redis }: Running, { lease }: Budgets): void {
  // Nobody waits for it, and a lease that cannot be given back expires.
  if (lease) redis.zrem(lease.key, lease.id).catch(() => undefined)
}

function refusal({ refusedBy, waitMs }: Admission): CallError {
  const { scope, limit, windowMs } = refusedBy ?? { scope: 'agent', limit: 0, windowMs: 0 }
  const details = { retryAfterMs: waitMs, scope, limit, ...(windowMs > 0 && { windowMs }) }
  if (scope === 'concurrency')
    return new CallError('CONCURRENCY_LIMITED', `${limit} calls of this agent are running; wait ${seconds(waitMs)}.`, details)
  const which = { agent: 'this agent', tool: 'this agent on this tool', discovery: 'discovery by this agent' }[scope]
  return new CallError('RATE_LIMITED', `The limit of ${limit} calls a minute for ${which} is spent; wait ${seconds(waitMs)}.`, details)
}

function seconds(waitMs: number): string {
  return `${Math.ceil(waitMs / 1_000)} s`
}

/** RateLimit of the budget with the least left, as its share. Policies of a bucket: q calls in the time it takes to refill. */
function rateLimitHeaders(standings: Standing[]): Record<string, string> {
  const [binding] = standings.toSorted((a, b) => a.remaining / a.rate.burst - b.remaining / b.rate.burst)
  if (!binding) return {}
  const policies = standings.map(({ rate }) => `"${rate.scope}";q=${Math.floor(rate.burst)};w=${refillS(rate)}`)
  const agent = standings.find(({ rate }) => rate.scope === 'agent')
  return {
    ratelimit: `"${binding.rate.scope}";r=${binding.remaining};t=${Math.ceil(binding.resetMs / 1_000)}`,
    'ratelimit-policy': policies.join(', '),
    ...(agent && {
      'x-ratelimit-limit-minute': String(Math.floor(agent.rate.perMinute)),
      'x-ratelimit-remaining-minute': String(agent.remaining),
    }),
  }
}

function refillS({ burst, perMinute }: { burst: number; perMinute: number }): number {
  return Math.max(1, Math.ceil((burst * 60) / perMinute))
}
