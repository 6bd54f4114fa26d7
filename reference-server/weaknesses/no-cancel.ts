// A call that ends early leaves its statement running to its own limit; its connection is held meanwhile.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A third of the agents hung up on slow queries and asked something else; every connection stayed with a query that nobody wanted.',
  source: 'MLPA#177; MCP 2026-07-28: closing the response stream must cancel the call',
  caughtBy: { scenario: 'abandoned-queries', check: 'cancel-propagates' },
  apply: (parts) => ({
    ...parts,
    times: { ...parts.times, settleMs: parts.settings.DEADLINE_LONGEST_MS },
    openAdmin: (connections, times) => ({ ...parts.openAdmin(connections, times), cancel: async () => true }),
  }),
})
