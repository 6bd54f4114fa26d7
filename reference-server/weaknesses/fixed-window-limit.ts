// Calls are counted by the minute of the clock, as the seed's own sketch does (`now // 60`): a whole minute's calls pass in one second,
// and twice as many around the edge. Everything else of the limiter stays: hours, days, calls at once.
import { redisLimiter } from '../store/limiter.ts'
import { weakness } from './weakness.ts'

const WINDOW_MS = 60_000

export default weakness({
  story: 'The limiter counted per minute; at 12:00:59 an agent spent the old minute, a second later the new one, and the pool was gone.',
  source: 'seed 2, "Rate Limiting That Actually Works" (its fixed-window sketch); Cloudflare, "Counting things, a lot of different things"',
  caughtBy: { scenario: 'honest-retry', check: 'limiter-true' },
  apply: (parts) => ({
    ...parts,
    limiterIn(redis) {
      const limiter = redisLimiter(redis)
      return {
        ...limiter,
        async admit(budgets) {
          const window = Math.floor(Date.now() / WINDOW_MS)
          for (const { key, scope, perMinute } of budgets.rates) {
            const counter = `${key}:${window}`
            const count = await redis.incr(counter)
            if (count === 1) await redis.pexpire(counter, WINDOW_MS)
            if (count <= perMinute) continue
            const waitMs = (window + 1) * WINDOW_MS - Date.now()
            return { refusedBy: { scope, limit: perMinute, windowMs: WINDOW_MS }, waitMs, standings: [] }
          }
          return limiter.admit({ ...budgets, rates: [] })
        },
      }
    },
  }),
})
