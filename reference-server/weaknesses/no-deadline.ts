// Nothing ends a call but its end, or a caller that leaves: no deadline, no statement_timeout, no
// lock_timeout, no limit on waiting or connecting.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'A tool hung on a slow database and its agent waited indefinitely; so did everybody behind it.',
  source: 'seed 2, "Timeouts: an agent waiting for a tool that\'s hung will spin indefinitely"',
  caughtBy: { scenario: 'slow-postgres', check: 'bounded-time' },
  apply: (parts) => ({
    ...parts,
    times: {
      deadlineMs: () => Number.POSITIVE_INFINITY,
      statementMs: () => 0,
      acquireTimeoutMs: Number.POSITIVE_INFINITY,
      settleMs: parts.times.settleMs,
      orphanMs: parts.times.orphanMs,
      session: {},
    },
  }),
})
