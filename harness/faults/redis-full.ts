// A Redis without memory left, and told to evict nothing: every command that may add is refused. Counters that cannot be counted
// must not turn into "no limit", nor into "nobody may".
// Parameters: none.
// What it does not model: eviction, by which budgets would be forgotten instead (redis-flushed).
import { fault } from './fault.ts'
import { breakRedis } from './redis-by-command.ts'

export const redisFull = fault({
  summary: 'Redis has no memory left and evicts nothing.',
  source: 'Redis, maxmemory-policy noeviction (-OOM)',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful: 'Commands that may add are refused with -OOM at once, those in scripts as well; reads and deletes work.',
  parameters: {},
  inject: (environment, _parameters, signal) =>
    breakRedis(
      environment,
      {
        settings: ['maxmemory-policy', 'maxmemory'],
        break: [
          ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'],
          ['CONFIG', 'SET', 'maxmemory', '1'],
        ],
        look: ['SET', 'stampede:canary', '1', 'PX', '100'],
        words: ['OOM'],
      },
      signal,
    ),
})
