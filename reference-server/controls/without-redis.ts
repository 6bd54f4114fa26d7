// The limiter's declared mode while Redis is away, silent, full or read-only: reads go on from memory under half the limit divided
// by the live instances, so that all of them together stay under it; writes, money and expensive tools are refused with 503,
// since their limits protect what the memory of one process cannot. Metric: limiter_mode 1.
// Calls at once are divided by the instances, not halved: they are counted exactly here.
// Does not model: hours and days (their counts are in Redis).
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Running } from '../running.ts'
import type { Admission, Budgets } from '../store/limiter.ts'

export interface LocalDecision {
  verdict: Admission
  release: () => void
}

/** @throws CallError DEPENDENCY_UNAVAILABLE for what must not run uncounted */
export type WithoutRedis = (running: Running, call: Call, budgets: Budgets) => LocalDecision

const SHARE = 0.5

export const readsFromMemory: WithoutRedis = ({ local, instances, breakers }, call, budgets) => {
  if (call.tool && (call.tool.class !== 'read' || call.tool.cost === 'expensive')) {
    const retryAfterMs = Math.max(1_000, breakers.redis.remainingMs)
    const wait = `${Math.ceil(retryAfterMs / 1_000)} s`
    throw new CallError('DEPENDENCY_UNAVAILABLE', `Limits cannot be checked now; ask again in ${wait}.`, { scope: 'redis', retryAfterMs })
  }
  const part = SHARE / instances.live
  const rates = budgets.rates.map((rate) => ({ ...rate, perMinute: rate.perMinute * part, burst: Math.max(1, rate.burst * part) }))
  const leases = (budgets.leases ?? []).map((lease) => ({ ...lease, limit: Math.max(1, Math.floor(lease.limit / instances.live)) }))
  return { verdict: local.admit({ rates, leases }), release: () => local.release({ leases }) }
}
