// Once open, the breaker never becomes half-open: its time to the next probe is always still to come. No probe is let through,
// so the outage outlives its cause until somebody restarts the server. (Breakers that lose their probe hang half-open instead;
// to callers it is the same.)
import { type Breaker, type BreakerOptions, countingBreaker } from '../controls/breaker.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The database was back after a minute. The breaker waited for a success that it let nobody have.',
  source: 'opossum and others: a probe that is lost leaves the breaker half-open for ever',
  caughtBy: { scenario: 'postgres-outage', check: 'recovers' },
  apply: (parts) => ({ ...parts, breaker: neverClosing }),
})

function neverClosing(options: BreakerOptions): Breaker {
  const { clock, changed } = options
  let openedAtMs: number | undefined
  // Time stands still once it has opened, so it refuses for ever, each time with a plausible wait.
  return countingBreaker({
    ...options,
    clock: () => openedAtMs ?? clock(),
    changed(to) {
      if (to === 'open') openedAtMs = clock()
      changed(to)
    },
  })
}
