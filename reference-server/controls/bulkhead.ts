// Three pools (cheap reads, expensive reads, writes), each with its own line before it, so that slow reports cannot take the
// connections that quick lookups live on. A call takes one slot and one connection before it runs, and gives them back once
// Postgres has let go, even when the caller was answered long before. A tool that goes on to wait for somebody else gives both
// back first (`giveBack`): a connection held across another wait is gone for as long as the slowest of the two.
// Sizes by Little's law (connections = calls a second × seconds held), not "pool ≥ calls × agents": that asks for 500
// backends at 100 agents. The seed's 30 connections were gone within 30 s all the same, since nothing bounded the line.
// Does not model: borrowing between pools.
import { Session } from '../store/session.ts'
import { needs } from './breaker.ts'
import { control } from './control.ts'

export const bulkhead = control({
  summary: 'Lends each call one connection of its class, after a bounded wait.',
  source: 'seed 2, "Connection Pool Exhaustion"; Nygard, Release It!, bulkheads; SRE ch. 22',
  settings: ['POOL_CHEAP', 'POOL_EXPENSIVE', 'POOL_WRITE', 'QUEUE_MAX', 'ACQUIRE_TIMEOUT_MS'],
  wrap: (next, { bulkheads, clock, admin, times, typical }) =>
    async function bulkhead(call) {
      const { tool, identity } = call
      if (!tool || !identity || !needs(tool, 'postgres')) return await next(call)
      const { queue, connections } = bulkheads[tool.pool]
      const startedMs = clock()
      await queue.enter(call, typical.ms(tool.name) ?? 0)
      const heldSinceMs = clock()
      call.facts.queueMs = heldSinceMs - startedMs
      const leave = once(async () => {
        try {
          await call.session?.close()
        } finally {
          typical.add(tool.name, clock() - heldSinceMs)
          queue.leave()
        }
      })
      try {
        call.session = await Session.open({ connections, admin, call, identity, clock, times })
        call.giveBack = leave
        return await next(call)
      } finally {
        await leave()
      }
    },
})

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}
