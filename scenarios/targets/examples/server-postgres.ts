// The first public Postgres server (npm @modelcontextprotocol/server-postgres 0.6.2, no longer kept), which speaks stdio only, behind a
// bridge (PyPI mcp-proxy 0.13): a pool of ten without a listener for its errors, and a bridge that ends a call after the program behind it.
// Install: node tools/examples/install.mjs server-postgres. What was found: docs/wild.md.
import { target } from '../../../harness/target.ts'
import { cwd, readsBySql, seededStartOf } from './ledger.ts'

const FOLDER = '.tools/examples/server-postgres'
const SERVER = `${FOLDER}/node_modules/@modelcontextprotocol/server-postgres/dist/index.js`

export default target({
  url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp/`,
  protocol: '2025-06-18',
  tools: readsBySql('query', 'sql'),
  declared: { poolMax: 10, instances: 1 },
  dependencies: { postgres: 'embedded' },
  start: {
    command: seededStartOf(
      'server-postgres',
      `env PYTHONPATH=${FOLDER}/python python3 -m mcp_proxy --host 127.0.0.1 --port "$PORT" -- node ${SERVER} "$DATABASE_URL"`,
    ),
    cwd,
    harnessNode: true,
    env: ({ at, ports }) => ({
      PORT: String(ports.server),
      DATABASE_URL: `postgresql://app@${at.postgres}/postgres`,
      SEED_URL: `postgres://postgres@${at.postgres}/postgres`,
    }),
    ready: '/status',
  },
  observe: { postgres: { role: 'app' } },
})
