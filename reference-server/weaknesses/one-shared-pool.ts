// Every read takes its connection from the same pool: the slowest tool's callers stand in everybody's line.
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Reports waited for a locked table, each with a connection in its hand; log-ins and lookups, which needed nothing of it, stood behind them.',
  source: 'xorbitsai/xagent#889, 23 tasks pinned 30 connections; Nygard, Release It!, "Bulkheads"',
  caughtBy: { scenario: 'slow-postgres', check: 'blast-radius' },
  apply: (parts) => ({
    ...parts,
    tools: new Map([...parts.tools].map(([name, tool]) => [name, tool.class === 'read' ? { ...tool, pool: 'cheap' } : tool])),
  }),
})
