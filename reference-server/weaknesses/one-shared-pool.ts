// All tools share one pool of the same size as the three together, with one line before it: the slowest tool's callers stand in it.
import type { Queue } from '../controls/queue.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Reports waited for a locked table, each with a connection in its hand; log-ins and lookups, which needed nothing of it, stood behind them.',
  source: 'xorbitsai/xagent#889, 23 tasks pinned 30 connections; Nygard, Release It!, "Bulkheads"',
  caughtBy: { scenario: 'slow-postgres', check: 'blast-radius' },
  apply(parts) {
    const { POOL_CHEAP, POOL_EXPENSIVE, POOL_WRITE } = parts.settings
    const slots = POOL_CHEAP + POOL_EXPENSIVE + POOL_WRITE
    let pool: ReturnType<typeof parts.connections> | undefined
    let line: Queue | undefined
    return {
      ...parts,
      connections(options) {
        if (options.name === 'admin') return parts.connections(options)
        const { readOnlyRole: _role, ...shared } = options
        pool ??= parts.connections({ ...shared, name: 'shared', max: slots })
        return pool
      },
      queue(options) {
        line ??= parts.queue({ ...options, name: 'shared', slots })
        return line
      },
    }
  },
})
