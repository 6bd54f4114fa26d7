// The service behind says "come back in 8 s", and the tool does, with its caller waiting and no deadline of its own.
import { setTimeout as pause } from 'node:timers/promises'
import { CallError } from '../errors.ts'
import type { Tool } from '../tools/tool.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The retry slept for as long as the mail service had asked; the call’s own deadline had passed long before, and nobody was there.',
  source: 'agentmail-mcp#57',
  caughtBy: { scenario: 'upstream-outage', check: 'bounded-time' },
  apply: (parts) => ({ ...parts, tools: new Map([...parts.tools].map(([name, tool]) => [name, obedient(tool)])) }),
})

function obedient(tool: Tool): Tool {
  if (!tool.needs.some((need) => need.startsWith('upstream'))) return tool
  return {
    ...tool,
    deadlineMs: Number.POSITIVE_INFINITY,
    async run(args, context) {
      try {
        return await tool.run(args, context)
      } catch (error) {
        if (!(error instanceof CallError) || error.code !== 'RATE_LIMITED') throw error
        await pause(error.details.retryAfterMs)
        return await tool.run(args, context)
      }
    },
  }
}
