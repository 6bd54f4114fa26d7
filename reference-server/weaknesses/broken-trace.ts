// Each part begins a trace of its own: what the agent sent is not carried on.
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'A slow task was to be explained. Its calls were there, the database’s spans were there, and nothing said which belonged together.',
  source: 'W3C Trace Context; MCP 2026-07-28, traceparent in _meta',
  caughtBy: { scenario: 'baseline', check: 'one-trace' },
  apply: (parts) => ({
    ...parts,
    traces: { ...parts.traces, begin: (message) => parts.traces.begin({ ...message, parent: undefined }) },
  }),
})
