// Where a list goes on is kept in the memory of the instance that cut it: gone with it, and unknown to all others.
import { randomUUID } from 'node:crypto'
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Page two answered "unknown cursor" two times out of three, since the service had been scaled to three.',
  source: 'MCP 2026-07-28, pagination: cursors are the server’s to keep; github-mcp-server#1034',
  caughtBy: { scenario: 'rolling-restart', check: 'error-taxonomy' },
  apply: (parts) => ({
    ...parts,
    cursorsIn() {
      const kept = new Map<string, Record<string, unknown>>()
      return {
        async keep(_owner, _tool, position) {
          const word = randomUUID()
          kept.set(word, position)
          return word
        },
        async find(_owner, _tool, word) {
          const position = kept.get(word)
          if (!position) throw new CallError('INVALID_ARGUMENTS', 'This cursor is unknown or too old; begin again without one.')
          return position
        },
      }
    },
  }),
})
