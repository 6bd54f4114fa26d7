// What a scrape shows of each pool: its connections, and the line before it.
import type { PoolFigures } from './metrics-scraped.ts'
import type { Bulkhead } from './running.ts'
import type { Connections } from './store/postgres.ts'

export function poolFigures(bulkheads: Readonly<Record<string, Bulkhead>>, admin: Connections): PoolFigures[] {
  const pools = Object.entries(bulkheads).map(([name, { queue, connections }]) => ({
    name,
    used: connections.used,
    idle: connections.idle,
    waiting: queue.waiting,
    waitingMax: queue.waitingMax,
  }))
  return [...pools, { name: 'admin', used: admin.used, idle: admin.idle, waiting: 0, waitingMax: 0 }]
}
