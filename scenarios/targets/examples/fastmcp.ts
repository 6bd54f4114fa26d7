// FastMCP 4.1 (PyPI fastmcp) with its RateLimitingMiddleware as the documentation shows it (tools/examples/limited.py):
// throttling is told as a JSON-RPC error in a 200, without a wait, and all clients share one bucket.
// Install: node tools/examples/install.mjs fastmcp. What was found: docs/wild.md.
import { target } from '../../../harness/target.ts'
import { cwd, startOf } from './ledger.ts'

const RATE_PER_SECOND = 60
const BURST = 60

export default target({
  url: ({ ports }) => `http://127.0.0.1:${ports.server}/mcp`,
  protocol: '2025-11-25',
  tools: {
    cheapRead: { name: 'look_up', arguments: (draw) => ({ number: draw.int(1, 999) }), sloMs: 500 },
    expensiveRead: { name: 'search', arguments: (draw) => ({ text: draw.word() }), sloMs: 1_000 },
  },
  start: {
    command: startOf('fastmcp', 'exec env PYTHONPATH=.tools/examples/fastmcp/python python3 tools/examples/limited.py'),
    cwd,
    env: ({ ports }) => ({ PORT: String(ports.server), RATE_PER_SECOND: String(RATE_PER_SECOND), BURST: String(BURST) }),
    ready: '/health',
  },
})
