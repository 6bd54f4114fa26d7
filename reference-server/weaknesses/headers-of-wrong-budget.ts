// RateLimit tells of the budget with the most left (the day's, as a rule): true figures of the wrong budget, and an agent that reads them
// sees thousands of calls to go while it is being refused.
import { bindingQuota } from '../controls/quota-headers.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The headers showed the daily quota: 9,214 calls left, said the 429.',
  source: 'draft-ietf-httpapi-ratelimit-headers-10, §2 (the most restrictive policy); GitHub and others with several limits',
  caughtBy: { scenario: 'honest-retry', check: 'quota-headers-true' },
  apply: (parts) => ({
    ...parts,
    quotaHeaders({ standings, waitMs }) {
      const [roomiest] = standings.toSorted((a, b) => b.remaining - a.remaining)
      return bindingQuota({ waitMs, standings: roomiest ? [roomiest] : [] })
    },
  }),
})
