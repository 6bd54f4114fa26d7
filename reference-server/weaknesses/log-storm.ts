// Every refusal is logged as an error, with its stack and all that is known of the call.
import { inspect } from 'node:util'
import { loggingMore, weakness } from './weakness.ts'

export default weakness({
  story: 'The limiter held, and the disk filled: forty lines for every refusal, at the rate of a loop.',
  source: 'BerriAI/litellm#40482; OpenWA#932',
  caughtBy: { scenario: 'redis-outage', check: 'cost-budget' },
  apply: (parts) =>
    loggingMore(parts, ({ answer, call }, log) => {
      if (!answer?.error) return
      const error = new Error(`request failed: ${answer.error.code}`)
      log.problem('a call failed', error, { stack: error.stack, call: inspect(call, { depth: 4 }), answer: answer.body })
    }),
})
