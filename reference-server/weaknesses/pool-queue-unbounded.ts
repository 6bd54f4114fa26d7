// The line before a pool has no end and no timer, as pg's own: everybody waits for a turn, however many and however long.
// The metric still tells how many. A call whose caller has been answered stays in line and takes its turn for nobody.
import type { Queue, QueueOptions } from '../controls/queue.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The database slowed down for a minute; 5,000 callers stood in the queue of the pool and it never caught up.',
  source: "node-postgres: the pool's default queue is unbounded and waits for ever",
  caughtBy: { scenario: 'slow-postgres', check: 'queue-bounded' },
  apply: (parts) => ({ ...parts, queue: unboundedQueue }),
})

function unboundedQueue({ slots, clock, waited }: QueueOptions): Queue {
  const line: (() => void)[] = []
  let taken = 0
  let highest = 0
  return {
    get waiting() {
      return line.length
    },
    get waitingMax() {
      return highest
    },
    get taken() {
      return taken
    },
    async enter() {
      const startedMs = clock()
      if (taken < slots) taken += 1
      else {
        const turn = Promise.withResolvers<void>()
        line.push(turn.resolve)
        highest = Math.max(highest, line.length)
        await turn.promise
      }
      waited(clock() - startedMs)
    },
    leave() {
      const next = line.shift()
      if (next) next()
      else taken -= 1
    },
  }
}
