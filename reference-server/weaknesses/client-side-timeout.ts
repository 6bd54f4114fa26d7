// The wait for an answer is bounded in the client library, the statement nowhere: when the wait is over the connection is thrown away and
// the query runs on, since a backend looks after its client only when it has something to send. All of the server's own bounds on what
// Postgres does (statement_timeout, lock_timeout, the look for clients that have gone) are the one part that is replaced.
import { weakness } from './weakness.ts'

const PATIENCE_MS = 500

export default weakness({
  story:
    'Clients gave up after their timeout and asked again; the database went on with all that had been given up, from 3.5 to 217 active.',
  source: 'MLPA#177; node-postgres, query_timeout leaves the query running; PostgreSQL documentation, client_connection_check_interval',
  caughtBy: { scenario: 'slow-postgres', check: 'cancel-propagates' },
  apply: (parts) => ({
    ...parts,
    times: { ...parts.times, statementMs: () => 0, orphanMs: 0, session: { query_timeout: PATIENCE_MS } },
  }),
})
