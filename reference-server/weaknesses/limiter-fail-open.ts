// When Redis is away, everybody is let in: a limiter must not be what takes the service down, somebody said.
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Redis failed over; for two minutes nothing was counted, writes and money included, and the loop that had been held took the database.',
  source: 'OpenWA#932; Stripe, "Scaling your API with rate limiters", which fails open on purpose and says for what',
  caughtBy: { scenario: 'redis-outage', check: 'limiter-true' },
  apply: (parts) => ({ ...parts, withoutRedis: () => ({ verdict: { waitMs: 0, standings: [] }, release: () => undefined }) }),
})
