// The caller's wait is bounded, the statement's is not: when it is over the connection is thrown away, and the query runs on.
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Clients gave up after their timeout and asked again; the database went on with all that had been given up, from 3.5 to 217 active.',
  source: 'MLPA#177; node-postgres, query_timeout leaves the query running',
  caughtBy: { scenario: 'slow-postgres', check: 'cancel-propagates' },
  apply: (parts) => ({
    ...parts,
    times: { ...parts.times, statementMs: () => 0, settleMs: 0, session: { connectionTimeoutMillis: 1_000 } },
    openAdmin: (connections, times) => ({ ...parts.openAdmin(connections, times), cancel: async () => true }),
  }),
})
