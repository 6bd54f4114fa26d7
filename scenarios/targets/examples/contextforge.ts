// ContextForge 1.0.7 (PyPI mcp-contextforge-gateway) before toolbox (tools/examples/contextforge.mjs): a gateway whose limiter
// counts requests a minute by address and by user, a hundred of them, and after five refusals shuts whoever it was out for fifteen
// minutes. Here all agents have one address and one user, and the limiter counts in its own memory: it asks Redis only where it is
// told so (contextforge-users.ts). Install: node tools/examples/install.mjs contextforge toolbox. What was found: docs/wild.md.
import { target } from '../../../harness/target.ts'
import { cwd, day, seededStartOf } from './ledger.ts'

export const SECRETS = {
  JWT_SECRET_KEY: 'guards-nothing-but-an-example-0123456789',
  AUTH_ENCRYPTION_SECRET: 'guards-nothing-either-0123456789-abcdef',
}
const USER = 'admin@example.com'

/** What its own `create_jwt_token --username admin@example.com --admin` prints for this secret, until the year 2100. */
export const TOKEN = [
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
  'eyJzdWIiOiJhZG1pbkBleGFtcGxlLmNvbSIsImlzcyI6Im1jcGdhdGV3YXkiLCJhdWQiOiJtY3BnYXRld2F5LWFwaSIsImp0aSI6ImV4YW1wbGUiLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6NDEwMjQ0NDgwMCwidGVhbXMiOm51bGwsInVzZXIiOnsiZW1haWwiOiJhZG1pbkBleGFtcGxlLmNvbSIsImlzX2FkbWluIjp0cnVlLCJhdXRoX3Byb3ZpZGVyIjoiY2xpIn19',
  'm6soLIRZJ92BpP_QY922a8GLGKnYP1seZ_GSAgZsdK8',
].join('.')

export default target({
  url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp`,
  protocol: '2025-06-18',
  agents: { headers: () => ({ authorization: `Bearer ${TOKEN}` }) },
  tools: {
    cheapRead: {
      name: 'ledger-find-customer',
      arguments: (draw) => ({ id: draw.int(1, 400) }),
      sloMs: 1_000,
      needs: ['postgres:customers'],
    },
    expensiveRead: {
      name: 'ledger-sum-invoices',
      arguments: (draw) => ({ since: day(draw) }),
      sloMs: 2_000,
      needs: ['postgres:invoices'],
    },
  },
  dependencies: { postgres: 'embedded', redis: 'embedded' },
  start: {
    command: seededStartOf('contextforge', 'node tools/examples/contextforge.mjs'),
    cwd,
    harnessNode: true,
    env: ({ at, ports }) => ({
      ...SECRETS,
      PORT: String(ports.server),
      READY_PORT: String(ports.admin),
      TOKEN,
      PLATFORM_ADMIN_EMAIL: USER,
      PLATFORM_ADMIN_PASSWORD: 'An-example-0123!',
      SSRF_ALLOW_LOCALHOST: 'true',
      LOG_LEVEL: 'ERROR',
      REDIS_URL: `redis://${at.redis}/0`,
      PGPORT: at.postgres?.split(':')[1] ?? '',
      POOL_MAX: '20',
      SEED_URL: `postgres://postgres@${at.postgres}/postgres`,
    }),
    ready: ({ ports }) => `http://127.0.0.1:${ports.admin}/`,
    readyWithinS: 180,
  },
  observe: { postgres: { role: 'app' } },
})
