// A call that ends early leaves its statement running: nobody tells the database.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A third of the agents hung up on slow queries and asked something else; the database worked on for callers who had gone.',
  source: 'MLPA#177; MCP 2026-07-28: closing the response stream must cancel the call',
  caughtBy: { scenario: 'abandoned-queries', check: 'cancel-propagates' },
  apply: (parts) => ({
    ...parts,
    openAdmin: (connections, times) => ({ ...parts.openAdmin(connections, times), cancel: async () => true }),
  }),
})
