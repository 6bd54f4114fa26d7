// Calls at once are counted up and down: what a killed instance had counted up stays.
import type { Limiter } from '../store/limiter.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A worker was killed; its permits were never returned. After the fourth deploy an agent could not call at all.',
  source: 'vumi-go#541; seed 2’s INCR and DECR',
  caughtBy: { scenario: 'rolling-restart', check: 'no-residue' },
  apply: (parts) => ({
    ...parts,
    limiterIn(redis) {
      const limiter = parts.limiterIn(redis)
      const counters = new Map<string, string[]>()
      const limited: Limiter = {
        ...limiter,
        async admit(budgets) {
          const { leases = [], ...timed } = budgets
          const verdict = await limiter.admit(timed)
          if (verdict.refusedBy) return verdict
          for (const { id, key, limit, of, hintMs } of leases) {
            counters.set(id, [...(counters.get(id) ?? []), key])
            if ((await redis.incr(`${key}:count`)) <= limit) continue
            limited.release(budgets)
            return { ...verdict, refusedBy: { scope: 'concurrency', limit, windowMs: 0, of }, waitMs: Math.max(1, hintMs) }
          }
          return verdict
        },
        async held() {
          const keys = await redis.keys('desk:*:lease:count')
          const counts = keys.length > 0 ? await redis.mget(keys) : []
          return counts.reduce((sum, count) => sum + Number(count ?? 0), 0)
        },
        release({ leases = [] }) {
          for (const id of new Set(leases.map((lease) => lease.id))) {
            for (const key of counters.get(id) ?? []) redis.decr(`${key}:count`).catch(() => undefined)
            counters.delete(id)
          }
        },
      }
      return limited
    },
  }),
})
