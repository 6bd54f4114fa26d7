// Each call opens a pool of its own and leaves it to its idle timer, as a handler does that makes its engine inside.
// Connections grow with calls × idle time (pg's default, 10 s); no declared size bounds them. The admin pool stays one.
import pg from 'pg'
import { type Connection, type Connections, type ConnectionsOptions, lent, poolConfig } from '../store/postgres.ts'
import { weakness } from './weakness.ts'

const IDLE_MS = 10_000

export default weakness({
  story: 'Each request opened a pool of its own; the database was out of connections in 30 seconds.',
  source: 'seed 2, "The Production Gotcha"',
  caughtBy: { scenario: 'pool-exhaustion', check: 'pool-bounded' },
  apply: (parts) => ({
    ...parts,
    connections: (options) => (options.name === 'admin' ? parts.connections(options) : poolPerRequest(options)),
  }),
})

function poolPerRequest(options: ConnectionsOptions): Connections {
  const pools = new Set<pg.Pool>()
  let used = 0
  return {
    get used() {
      return used
    },
    get idle() {
      return [...pools].reduce((sum, pool) => sum + pool.idleCount, 0)
    },
    async open() {
      const pool = new pg.Pool({ ...poolConfig(options), idleTimeoutMillis: IDLE_MS })
      pool.on('error', () => undefined)
      pool.on('remove', () => pools.delete(pool))
      pools.add(pool)
      used += 1
      try {
        return lent((await pool.connect()) as Connection['client'], false, () => (used -= 1))
      } catch (error) {
        used -= 1
        pools.delete(pool)
        throw error
      }
    },
    close: async () => {
      for (const pool of pools) pool.end().catch(() => undefined)
    },
  }
}
