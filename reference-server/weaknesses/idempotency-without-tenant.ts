// What a write gave is kept by its tool, key and arguments, and looked up before anything else. Whose key it is is no part of that.
import type { ToolResult } from '../call.ts'
import { argumentsHash } from '../controls/idempotency.ts'
import { weakness } from './weakness.ts'

const KEPT_MAX = 10_000

export default weakness({
  story:
    'Two customers’ agents made their keys alike. The second was given the first one’s invoice, and believed that it was its own; that was never written.',
  source:
    'paveg/hono-idempotency#126, found by a penetration test; irzix/nestjs-agentic#126; draft-ietf-httpapi-idempotency-key-header, "Security Considerations"',
  caughtBy: { scenario: 'duplicate-writes', check: 'effects-once' },
  apply(parts) {
    const kept = new Map<string, ToolResult>()
    return {
      ...parts,
      async once(request) {
        const { tool, key, arguments: given, outcome } = request
        if (key === undefined) return await parts.once(request)
        const asked = `${tool} ${key} ${argumentsHash(given)}`
        const known = kept.get(asked)
        if (known) {
          outcome('replayed')
          return { ...known, replayed: true }
        }
        const result = await parts.once(request)
        if (kept.size >= KEPT_MAX) kept.clear()
        kept.set(asked, result)
        return result
      },
    }
  },
})
