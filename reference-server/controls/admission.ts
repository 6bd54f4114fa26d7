// Budgets of an agent, its tenant and the tool (budgets.ts): all are checked in one script and one round trip; a refusal costs no
// budget and tells the wait of the budget that binds, the longest of those that fail.
// Without these, one agent in a loop takes the pool from everybody (seed 1: 200 calls in 30 s; seed 2: list_tables).
// Keyed by tenant and agent: never by address (agents share egress), never by session (a loop opens new ones).
// The wait of an agent's own budget is exact. On what several wait for (calls at once) jitter is added, never taken away; on a
// shared bucket each agent is told a turn of its own (store/admission.lua).
// Redis away: without-redis.ts. Silence of Redis counts once for all calls that wait at the same time: its breaker opens after
// three timeouts on end, not after one with many callers, and a stall of our own loop is no silence (store/redis.ts). Chosen over
// measuring the loop's lateness, which says nothing of Redis. Each call still waits one timeout at most. Errors that Redis tells
// (full, read-only) are logged.
// A lease ends with the work behind the call, not with its answer; one that a silent Redis may have granted is given back on
// the same connection, behind the request. Those of a killed server or a cut connection expire: deadline + 5 s.
import type { Answer, Call } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Running } from '../running.ts'
import type { Admission, Budgets } from '../store/limiter.ts'
import { answerWithin, isAway, RedisSilent } from '../store/redis.ts'
import type { Breaker, Permit } from './breaker.ts'
import { control } from './control.ts'
import { type KnownRefusals, knownRefusals } from './known-refusals.ts'

export const admission = control({
  summary: 'Holds agents, tenants and tools to their rates, and to their calls at once.',
  source: 'seed 1, "Two layers, not one"; seed 2, "Rate Limiting That Actually Works"; RFC 9110 §10.2.3',
  settings: [
    'AGENT_RATE_PER_MINUTE',
    'AGENT_BURST',
    'AGENT_RATE_PER_HOUR',
    'AGENT_RATE_PER_DAY',
    'AGENT_CONCURRENCY',
    'AGENT_TOOL_RATE_PER_MINUTE',
    'AGENT_TOOL_BURST',
    'TENANT_RATE_PER_MINUTE',
    'TOOL_RATE_PER_MINUTE',
    'TOOL_CONCURRENCY',
    'DISCOVERY_RATE_PER_MINUTE',
    'REPLAY_RATE_PER_MINUTE',
    'REDIS_TIMEOUT_MS',
  ],
  wrap(next, running) {
    const known = knownRefusals(running.clock)
    const decide = decider(running, known)
    const { limiter, settings, quotaHeaders, random } = running
    const refuseIfSpent = (call: Call, verdict: Admission): void => {
      Object.assign(call.answerHeaders, quotaHeaders(verdict))
      if (verdict.refusedBy) throw refusal(verdict, random)
    }
    const admitted = async (call: Call, budgets: Budgets): Promise<Answer> => {
      const { verdict, release } = await decide(call, budgets)
      refuseIfSpent(call, verdict)
      try {
        const answer = await next(call)
        if (budgets.replay && call.facts.commitSent && !answer.error) limiter.committed(budgets.replay.marker, settings.REPLAY_FOR_S)
        return answer
      } finally {
        release()
      }
    }
    return function admission(call) {
      const budgets = running.budgets(call, settings, running.typical.ms(call.tool?.name) ?? UNKNOWN_HOLD_MS)
      const spent = known.find(budgets)
      if (spent) refuseIfSpent(call, spent)
      return admitted(call, budgets)
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

function decider(running: Running, known: KnownRefusals): Decide {
  const { limiter, breakers, metrics, settings, clock, log, withoutRedis } = running
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
  const decideWithoutRedis = (call: Call, budgets: Budgets): Decision => {
    metrics.limiterDecided(1)
    return withoutRedis(running, call, budgets)
  }
  return async (call, budgets) => {
    const permit = entered(breakers.redis)
    if (!permit) return decideWithoutRedis(call, budgets)
    const sentAtMs = clock()
    try {
      const verdict = await answerWithin(settings.REDIS_TIMEOUT_MS, limiter.admit(budgets))
      permit.end('up')
      metrics.limiterDecided(0)
      lastProblem = ''
      known.remember(budgets, verdict)
      return { verdict, release: () => limiter.release(budgets) }
    } catch (error) {
      permit.end(learnt(error, sentAtMs))
      limiter.release(budgets)
      tell(error)
      return decideWithoutRedis(call, budgets)
    } finally {
      call.facts.admissionMs = clock() - sentAtMs
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

function refusal({ refusedBy, waitMs }: Admission, random: () => number): CallError {
  const { scope, limit, windowMs, of } = refusedBy ?? { scope: 'agent', limit: 0, windowMs: 0 }
  if (scope === 'concurrency') {
    const retryAfterMs = Math.ceil(waitMs * (1 + random() / 2))
    const whose = of === 'tool' ? `${limit} calls of this tool` : `${limit} calls of this agent`
    return new CallError('CONCURRENCY_LIMITED', `${whose} are running; wait ${seconds(retryAfterMs)}.`, { retryAfterMs, scope, limit })
  }
  const whose = {
    agent: 'this agent',
    tool: 'this tool',
    tenant: 'this tenant',
    discovery: 'discovery by this agent',
    replay: 'replays by this agent',
    address: 'this address',
  }[scope]
  const span = { 60000: 'minute', 3600000: 'hour', 86400000: 'day' }[windowMs]
  const text = `The limit of ${limit} calls a ${span ?? 'window'} for ${whose} is spent; wait ${seconds(waitMs)}.`
  return new CallError('RATE_LIMITED', text, { retryAfterMs: waitMs, scope, limit, windowMs })
}

function seconds(waitMs: number): string {
  return `${Math.ceil(waitMs / 1_000)} s`
}
