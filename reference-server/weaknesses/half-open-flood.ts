// When the open time is over, the breaker lets everybody through to find out.
import type { BreakerState } from '../controls/breaker.ts'
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The service behind came back for a moment, met seventeen times its load at once, and was gone again.',
  source: 'safe-global#3442',
  caughtBy: { scenario: 'upstream-outage', check: 'breaker-recovers' },
  apply: (parts) => ({
    ...parts,
    breaker({ dependency, failures, openMs, clock, changed }) {
      let state: BreakerState = 'closed'
      let failed = 0
      let untilMs = 0
      const become = (next: BreakerState): void => {
        if (next !== state) changed(next)
        state = next
      }
      return {
        get state() {
          return state
        },
        get remainingMs() {
          return state === 'open' ? Math.max(0, untilMs - clock()) : 0
        },
        enter() {
          if (state === 'open' && clock() < untilMs)
            throw new CallError('DEPENDENCY_UNAVAILABLE', `The ${dependency} behind this tool does not answer.`, {
              scope: dependency,
              retryAfterMs: Math.max(1, untilMs - clock()),
            })
          if (state === 'open') become('half-open')
          return {
            end(learnt) {
              if (learnt === 'up') failed = 0
              if (learnt === 'up') become('closed')
              if (learnt !== 'down') return
              failed += 1
              if (state === 'closed' && failed < failures) return
              untilMs = clock() + openMs
              become('open')
            },
          }
        },
      }
    },
  }),
})
