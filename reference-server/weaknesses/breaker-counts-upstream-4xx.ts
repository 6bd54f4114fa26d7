// Whatever the service behind answers but success counts as its failure: also that it does not have what it was asked for.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Some prompts were too long. Each 400 that said so was counted against the worker behind, until nobody’s prompts got there.',
  source: 'sglang#25811 (`record_outcome(status.is_success())`); vllm-project/router#60; circuitbox#45',
  caughtBy: { scenario: 'bad-sql', check: 'breaker-not-fooled' },
  apply: (parts) => ({
    ...parts,
    ratesOf(call) {
      const rates = parts.ratesOf(call)
      return {
        async rate(base, quote) {
          try {
            return await rates.rate(base, quote)
          } catch (error) {
            if (!call.abort.signal.aborted) call.facts.upstream = 'down'
            throw error
          }
        },
      }
    },
  }),
})
