// An API that the server calls answers with errors: a bad deployment, its own dependency gone. Errors that come back quickly are
// the kind that retries make worse.
// Parameters: status (503; 500 to 599), share (1; 0.01 to 1) of the answers, drawn from seed (0).
// What it does not model: errors of one account or one argument only; HTML instead of JSON.
import { count, share } from '../parameters.ts'
import { enoughDraws, untilOne } from './draws.ts'
import { fault } from './fault.ts'
import { answered, askUpstream, behave } from './upstream-canary.ts'

export const upstreamErrors = fault({
  summary: 'An upstream API answers a share of the requests with a 5xx.',
  source: 'Google SRE book, "Addressing cascading failures"; seed 2, "Circuit breakers"',
  dependency: 'upstream',
  needs: ['link', 'upstream'],
  faithful: 'A whole HTTP answer with the status and a short JSON body, at once; without Retry-After.',
  parameters: {
    status: count(503, { from: 500, to: 599 }),
    share: share(1, { from: 0.01, to: 1 }),
    seed: count(0, { from: 0, to: 4_294_967_295 }),
  },
  async inject(environment, { status, share, seed }, signal) {
    const undo = await behave(environment, { kind: 'errors', status, share, seed }, signal)
    const enough = enoughDraws(share)
    return {
      felt: async () => {
        const seen = await untilOne(
          enough,
          () => askUpstream(environment, signal),
          (answer) => answer.status === status,
        )
        return answered(seen, seen.status === status)
      },
      healed: async () => {
        const seen = await untilOne(
          enough,
          () => askUpstream(environment),
          (answer) => answer.status !== 200,
        )
        return answered(seen, seen.status === 200)
      },
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})
