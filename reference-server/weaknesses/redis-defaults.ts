// The limiter is a middleware before everything that counts time, with a Redis client as it comes: commands queue while Redis is away, none
// has a timeout, and the call's own deadline begins only behind it. The deadline would answer in time otherwise: order and client are
// replaced together, in the arrangement of the controls.
import { Redis } from 'ioredis'
import { admission } from '../controls/admission.ts'
import { type Control, control } from '../controls/control.ts'
import { deadline } from '../controls/deadline.ts'
import { prepareRedis, redisLimiter } from '../store/limiter.ts'
import { weakness } from './weakness.ts'

/** setTimeout's longest: nobody counts. */
const NEVER_MS = 2_147_483_647

const asItComes: Control = control({
  ...admission,
  wrap(next, running) {
    const redis = new Redis(running.settings.REDIS_URL)
    redis.on('error', () => undefined)
    prepareRedis(redis)
    return admission.wrap(next, {
      ...running,
      limiter: redisLimiter(redis),
      settings: { ...running.settings, REDIS_TIMEOUT_MS: NEVER_MS },
    })
  },
})

export default weakness({
  story: 'Redis stalled, and every request with it, 24 s each, until the process was restarted by hand.',
  source: 'OpenWA#932; ioredis documentation, commandTimeout, enableOfflineQueue and maxRetriesPerRequest',
  caughtBy: { scenario: 'redis-outage', check: 'bounded-time' },
  apply: (parts) => ({
    ...parts,
    arrange: (controls) =>
      parts.arrange(controls).flatMap((one) => {
        if (one === deadline) return []
        return one === admission ? [asItComes, deadline] : [one]
      }),
  }),
})
