// The breaker counts every error of a tool, bad arguments and all.
import { breaker, needs } from '../controls/breaker.ts'
import { control } from '../controls/control.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A model that kept misspelling a column shut the database for everybody, twenty mistakes at a time.',
  source: 'hermes-agent#11113',
  caughtBy: { scenario: 'bad-sql', check: 'breaker-not-fooled' },
  apply: (parts) => ({ ...parts, arrange: (controls) => controls.map((one) => (one === breaker ? everyError : one)) }),
})

const everyError = control({
  ...breaker,
  wrap: (next, { breakers }) =>
    async function breaker(call) {
      const permit = needs(call.tool, 'postgres') ? breakers.postgres.enter() : undefined
      try {
        const answer = await next(call)
        permit?.end(answer.error ? 'down' : 'up')
        return answer
      } catch (error) {
        permit?.end('down')
        throw error
      }
    },
})
