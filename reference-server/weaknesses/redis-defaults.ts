// The Redis client as it comes: commands queue while it is away, each is tried twenty times, and nobody counts the seconds.
import { Redis } from 'ioredis'
import { prepareRedis } from '../store/limiter.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Redis stalled, and every request with it, 24 s each, until the process was restarted by hand.',
  source: 'OpenWA#932; ioredis documentation, enableOfflineQueue and maxRetriesPerRequest',
  caughtBy: { scenario: 'redis-outage', check: 'bounded-time' },
  apply: (parts) => ({
    ...parts,
    settings: { ...parts.settings, REDIS_TIMEOUT_MS: 24_000 },
    redisConnection({ settings }) {
      const redis = new Redis(settings.REDIS_URL)
      redis.on('error', () => undefined)
      prepareRedis(redis)
      return redis
    },
  }),
})
