// While Redis is away reads are counted in memory, and writes are let in uncounted: what people want to have done must not be turned away.
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Redis was restarted. Reads were held by a count in memory, logins and orders were let in so that none was lost, and a loop ordered for minutes.',
  source: 'crbnos/carbon#1079, where what must not be blocked fails open; SweetSophia/noosphere#242',
  caughtBy: { scenario: 'redis-outage', check: 'limiter-true' },
  apply: (parts) => ({
    ...parts,
    withoutRedis: (running, call, budgets) =>
      call.tool?.class === 'read'
        ? parts.withoutRedis(running, call, budgets)
        : { verdict: { waitMs: 0, standings: [] }, release: () => undefined },
  }),
})
