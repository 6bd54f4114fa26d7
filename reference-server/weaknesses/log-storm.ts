// Every refusal is logged as an error, with its stack and all that is known of the call.
import { inspect } from 'node:util'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The limiter held, and the disk filled: forty lines for every refusal, at the rate of a loop.',
  source: 'BerriAI/litellm#40482; OpenWA#932',
  caughtBy: { scenario: 'redis-outage', check: 'cost-budget' },
  apply: (parts) => ({
    ...parts,
    log: {
      ...parts.log,
      request(line) {
        parts.log.request(line)
        if (!line.answer?.error) return
        const stack = Array.from({ length: 8 }, () => new Error(`refused: ${line.answer?.error?.code}`).stack).join('\n')
        parts.log.problem('a call failed', new Error(stack), { call: inspect(line.call, { depth: 6 }).slice(0, 20_000), stack })
      },
    },
  }),
})
