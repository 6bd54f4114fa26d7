// The server asks the service behind four times, at once, whenever it fails: on top of what agents and models retry.
import { weakness } from './weakness.ts'

const TRIES = 4

export default weakness({
  story: 'Three layers retried three times each; a service that was struggling got twenty-seven requests for one intent.',
  source: 'SRE ch. 21, "Deciding to Retry"; gRPC proposal A6',
  caughtBy: { scenario: 'upstream-outage', check: 'retry-amplification' },
  apply: (parts) => ({
    ...parts,
    ratesOf: (call) => ({
      async rate(base, quote) {
        const rates = parts.ratesOf(call)
        for (let attempt = 1; ; attempt++) {
          try {
            return await rates.rate(base, quote)
          } catch (error) {
            if (attempt === TRIES || call.abort.signal.aborted) throw error
          }
        }
      },
    }),
  }),
})
