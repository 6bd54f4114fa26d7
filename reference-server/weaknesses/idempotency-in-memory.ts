// What a key gave is kept in a Map of the process that has done it. There everything holds: twice at once, other arguments, another
// tenant's key. Another instance, and the same one once it was started again, has never seen the key.
import type { ToolResult } from '../call.ts'
import { argumentsHash, mismatch } from '../controls/idempotency.ts'
import { weakness } from './weakness.ts'

const KEPT_MAX = 10_000

interface Kept {
  hash: string
  /** Of the first who asked; whoever asks meanwhile waits for it too. */
  result: Promise<ToolResult>
}

export default weakness({
  story:
    'Keys were kept in a Map, and every test passed. Scaled to two, the second try went to the instance that had never seen the key: settled twice.',
  source: 'AnchorNet-Org/AnchorNet-Backend#221; nirzaf/Stockpile#132',
  caughtBy: { scenario: 'duplicate-writes', check: 'effects-once' },
  apply(parts) {
    const kept = new Map<string, Kept>()
    return {
      ...parts,
      async once(request) {
        const { identity, session, tool, key, arguments: given, outcome, write } = request
        if (key === undefined) return await parts.once(request)
        const owner = JSON.stringify([identity.tenant, identity.agent, tool, key])
        const hash = argumentsHash(given)
        const known = kept.get(owner)
        if (known && known.hash !== hash) {
          outcome('mismatch')
          throw mismatch()
        }
        outcome(known ? 'replayed' : 'first')
        if (known) return { ...(await known.result), replayed: true }
        const result = session.write({ work: async (_, transaction) => ({ value: { structured: await write(transaction) } }) })
        if (kept.size >= KEPT_MAX) kept.clear()
        kept.set(owner, { hash, result })
        // What failed was not done, and may be tried again.
        result.catch(() => kept.delete(owner))
        return await result
      },
    }
  },
})
