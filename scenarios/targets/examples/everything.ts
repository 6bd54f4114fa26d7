// The protocol's own example server (npm @modelcontextprotocol/server-everything 2026.8.31), with sessions, no database and no limits.
// It has no address for probes: that it answers at all must do.
// Install: node tools/examples/install.mjs everything. What was found: docs/wild.md.
import { target } from '../../../harness/target.ts'
import { cwd, startOf } from './ledger.ts'

const PROGRAM = '.tools/examples/everything/node_modules/@modelcontextprotocol/server-everything/dist/index.js'

export default target({
  url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp`,
  protocol: '2025-11-25',
  tools: {
    cheapRead: { name: 'echo', arguments: (draw) => ({ message: draw.word() }), sloMs: 500 },
    expensiveRead: {
      name: 'get-structured-content',
      arguments: (draw) => ({ location: draw.pick(['New York', 'Chicago', 'Los Angeles']) }),
      sloMs: 1_000,
      deadlineMs: 2_000,
      correct: [{ at: '/structuredContent/temperature', is: 'number' }],
    },
  },
  start: {
    command: startOf('everything', `exec node ${PROGRAM} streamableHttp`),
    cwd,
    harnessNode: true,
    env: ({ ports }) => ({ PORT: String(ports.server) }),
  },
})
