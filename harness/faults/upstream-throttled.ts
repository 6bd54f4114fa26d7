// An API that the server calls has had enough of it: 429 with a wait. Whoever asks again before the wait is over only stays throttled
// for longer; the agent must be told the wait, not an error of its own.
// Parameters: retryAfterS (2; 1 to 3,600).
// What it does not model: a quota that counts; every request is refused while it is in force.
import { count } from '../parameters.ts'
import { fault } from './fault.ts'
import { answered, askUpstream, behave } from './upstream-canary.ts'

export const upstreamThrottled = fault({
  summary: 'An upstream API answers every request with 429 and Retry-After.',
  source: 'RFC 6585 §4; RFC 9110 §10.2.3',
  dependency: 'upstream',
  needs: ['link', 'upstream'],
  faithful: 'A whole HTTP answer, 429 with Retry-After in seconds, at once. The wait that it names does not shorten as time goes by.',
  parameters: { retryAfterS: count(2, { from: 1, to: 3_600 }) },
  async inject(environment, { retryAfterS }, signal) {
    const undo = await behave(environment, { kind: 'throttled', retryAfterS }, signal)
    return {
      felt: async () => {
        const seen = await askUpstream(environment, signal)
        return answered(seen, seen.status === 429)
      },
      healed: async () => {
        const seen = await askUpstream(environment)
        return answered(seen, seen.status === 200)
      },
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})
