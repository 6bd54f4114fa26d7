// The breaker counts every error of a tool that needs its dependency, bad arguments and all.
import { breaker, needs } from '../controls/breaker.ts'
import { control } from '../controls/control.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A model that kept misspelling a column shut the database for everybody, twenty mistakes at a time.',
  source: 'hermes-agent#11113',
  caughtBy: { scenario: 'bad-sql', check: 'breaker-not-fooled' },
  apply: (parts) => ({ ...parts, arrange: (controls) => controls.map((one) => (one === breaker ? everyError : one)) }),
})

const WINDOW_MS = 5_000

const everyError = control({
  ...breaker,
  wrap(next, { breakers, clock, settings }) {
    let errors: number[] = []
    const counted = (): void => {
      errors = [...errors.filter((atMs) => clock() - atMs < WINDOW_MS), clock()]
      if (errors.length < settings.BREAKER_FAILURES) return
      for (let n = 0; n < settings.BREAKER_FAILURES && breakers.postgres.state === 'closed'; n++) breakers.postgres.enter().end('down')
      errors = []
    }
    return async function breaker(call) {
      const permit = needs(call.tool, 'postgres') ? breakers.postgres.enter() : undefined
      try {
        const answer = await next(call)
        permit?.end('up')
        if (permit && answer.error) counted()
        return answer
      } catch (error) {
        permit?.end(call.facts.postgres)
        if (permit) counted()
        throw error
      }
    }
  },
})
