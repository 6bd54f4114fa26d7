// A cancel is sent again a moment later, to be sure. By then the backend works for somebody else.
import { weakness } from './weakness.ts'

const AGAIN_MS = 40

export default weakness({
  story: 'Queries of callers who had not given up ended with "canceling statement due to user request", now and then, only under load.',
  source: 'PostgreSQL documentation, pg_cancel_backend: it names a backend, not a query',
  caughtBy: { scenario: 'abandoned-queries', check: 'cancel-propagates' },
  apply: (parts) => ({
    ...parts,
    openAdmin(connections, times) {
      const admin = parts.openAdmin(connections, times)
      return {
        ...admin,
        async cancel(backend) {
          setTimeout(() => void admin.cancel(backend), AGAIN_MS)
          return await admin.cancel(backend)
        },
      }
    },
  }),
})
