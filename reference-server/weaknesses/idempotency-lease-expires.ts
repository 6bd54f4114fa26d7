// A key is remembered for one second.
import { weakness } from './weakness.ts'

const LEASE_MS = 1_000

export default weakness({
  story:
    'Keys were kept in a cache with a short life. The agent asked again after its timeout, the key had gone, the write was made twice.',
  source: 'agentmail#49; AI-Implement#604',
  caughtBy: { scenario: 'duplicate-writes', check: 'effects-once' },
  apply(parts) {
    const firstSeen = new Map<string, number>()
    return {
      ...parts,
      async once(request) {
        const { identity, tool, key, session, write } = request
        const owner = `${identity.tenant} ${identity.agent} ${tool} ${key}`
        const seenMs = firstSeen.get(owner)
        if (seenMs === undefined) firstSeen.set(owner, parts.clock())
        if (seenMs === undefined || parts.clock() - seenMs <= LEASE_MS) return await parts.once(request)
        return { structured: await session.write({ work: async (_, transaction) => ({ value: await write(transaction) }) }) }
      },
    }
  },
})
