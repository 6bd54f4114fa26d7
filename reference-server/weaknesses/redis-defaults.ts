// Nobody counts the seconds that Redis takes: the client's own defaults do, and they are long.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Redis stalled, and every request with it, 24 s each, until the process was restarted by hand.',
  source: 'OpenWA#932; ioredis documentation, commandTimeout and maxRetriesPerRequest',
  caughtBy: { scenario: 'redis-outage', check: 'fairness' },
  apply: (parts) => ({ ...parts, settings: { ...parts.settings, REDIS_TIMEOUT_MS: 24_000 } }),
})
