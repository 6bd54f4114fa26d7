// The liveness probe asks the database: whatever supervises the server kills it when the database is away.
import { weakness } from './weakness.ts'

const WITHIN_MS = 800

export default weakness({
  story:
    'The database was slow for a minute; liveness probes that query it failed, every instance was restarted, and all came back at once.',
  source: 'Kubernetes documentation on liveness probes; xorbitsai/xagent#889, where health checks died with the pool',
  caughtBy: { scenario: 'postgres-outage', check: 'live-not-ready' },
  apply: (parts) => ({
    ...parts,
    alive: ({ admin }) =>
      admin.query({ text: 'select 1', values: [] }, WITHIN_MS).then(
        () => true,
        () => false,
      ),
  }),
})
