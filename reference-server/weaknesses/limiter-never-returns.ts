// Once Redis was away, the limiter counts in memory for good: what would look whether it is back is asked no more.
import { type Breaker, type BreakerOptions, countingBreaker } from '../controls/breaker.ts'
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Redis was restarted. The limiter had latched on to memory until the next deploy: each instance counted for itself, and half of the limits were gone.',
  source: 'KanishJebaMathewM/Truxify#11213; node-rate-limiter-flexible#49, an insurance limiter that stays',
  caughtBy: { scenario: 'redis-outage', check: 'limiter-true' },
  apply: (parts) => ({ ...parts, redisBreaker: latching }),
})

function latching(options: BreakerOptions): Breaker {
  let latched = false
  const inner = countingBreaker({
    ...options,
    changed(to) {
      latched ||= to === 'open'
      options.changed(to)
    },
  })
  return {
    get state() {
      return inner.state
    },
    get remainingMs() {
      return inner.remainingMs
    },
    enter() {
      if (latched) throw new CallError('DEPENDENCY_UNAVAILABLE', 'Redis is away.', { scope: 'redis', retryAfterMs: 1_000 })
      return inner.enter()
    },
  }
}
