// What the two targets of DBHub share: npm @bytebase/dbhub, one endpoint /mcp, no session, a pool of ten (node-postgres' default), no
// statement timeout unless it is asked for.
import { type Target, target } from '../../../harness/target.ts'
import { cwd, readsBySql, seededStartOf } from './ledger.ts'

const POOL = 10

export function dbhub(version: string): Target {
  const program = `.tools/examples/dbhub/node_modules/dbhub-${version}/dist/index.js`
  return target({
    url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp`,
    protocol: '2026-07-28',
    tools: readsBySql('execute_sql', 'sql'),
    declared: { poolMax: POOL, instances: 1 },
    dependencies: { postgres: 'embedded' },
    start: {
      command: seededStartOf('dbhub', `node ${program} --transport http --host 127.0.0.1 --port "$PORT"`),
      cwd,
      harnessNode: true,
      env: ({ at, ports }) => ({
        PORT: String(ports.server),
        DSN: `postgres://app@${at.postgres}/postgres?sslmode=disable`,
        SEED_URL: `postgres://postgres@${at.postgres}/postgres`,
      }),
      ready: '/healthz',
    },
    observe: { postgres: { role: 'app' } },
  })
}
