// The connection is kept while the service behind is asked: a slow service empties the pool of a database that is well.
import type { Tool } from '../tools/tool.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: '617 connections, one of them active, 402 idle in a transaction: all waited for somebody else’s API.',
  source: 'IBM context-forge#1706',
  caughtBy: { scenario: 'held-across-wait', check: 'blast-radius' },
  apply: (parts) => ({ ...parts, tools: new Map([...parts.tools].map(([name, tool]) => [name, holding(tool)])) }),
})

function holding(tool: Tool): Tool {
  return { ...tool, run: (args, context) => tool.run(args, { ...context, giveBack: async () => undefined }) }
}
