// Answers of reading tools are kept for a few seconds, by tool and arguments. Whose question it was is no part of the key.
import type { ToolResult } from '../call.ts'
import type { Tool } from '../tools/tool.ts'
import { weakness } from './weakness.ts'

const KEPT_MS = 5_000
const KEPT_MAX = 1_000

export default weakness({
  story: 'The list that the first caller had asked for was kept on the shared server, and given to every other caller, of whatever tenant.',
  source: 'mastra-ai/mastra#17609; backblaze-labs/genblaze#68',
  caughtBy: { scenario: 'noisy-tenant', check: 'tenants-isolated' },
  apply: (parts) => ({ ...parts, tools: new Map([...parts.tools].map(([name, tool]) => [name, cached(tool, parts.clock)])) }),
})

function cached(tool: Tool, clock: () => number): Tool {
  if (tool.class !== 'read') return tool
  const kept = new Map<string, { result: ToolResult; untilMs: number }>()
  return {
    ...tool,
    async run(args, context) {
      const key = JSON.stringify(args)
      const known = kept.get(key)
      if (known && clock() < known.untilMs) return known.result
      const result = await tool.run(args, context)
      if (kept.size >= KEPT_MAX) kept.clear()
      kept.set(key, { result, untilMs: clock() + KEPT_MS })
      return result
    },
  }
}
