// What the database says is what the agent reads: its words, the statement, the stack.

import { CallError } from '../errors.ts'
import type { Tool } from '../tools/tool.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'An agent was shown table names, a constraint and a file path with line numbers, and put them into its next message to a customer.',
  source: 'OWASP API8:2023, "Security Misconfiguration"; MCP TypeScript SDK, errors thrown by a tool reach the client word for word',
  caughtBy: { scenario: 'bad-sql', check: 'error-taxonomy' },
  apply: (parts) => ({ ...parts, tools: new Map([...parts.tools].map(([name, tool]) => [name, talkative(tool)])) }),
})

function talkative(tool: Tool): Tool {
  return {
    ...tool,
    async run(args, context) {
      try {
        return await tool.run(args, context)
      } catch (error) {
        const cause = (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error)
        throw new CallError('INVALID_ARGUMENTS', `${cause.message}\n${cause.stack}`, { cause })
      }
    },
  }
}
