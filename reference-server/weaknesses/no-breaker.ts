// Every call tries the database, however often it has just failed: the caller waits for the same error, the database gets no peace.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The database refused connections; the server kept trying at the full rate of its agents until an operator stopped it.',
  source: 'seed 2, "Circuit breaking: cascading failures get cut off before they spread"',
  caughtBy: { scenario: 'postgres-outage', check: 'breaker-opens' },
  apply: (parts) => ({
    ...parts,
    breaker: () => ({ state: 'closed', remainingMs: 0, enter: () => ({ end: () => undefined }) }),
  }),
})
