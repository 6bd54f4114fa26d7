// Every call takes a second connection while it holds the first, from a pool that has no more and no limit on waiting.
import type { Connections } from '../store/postgres.ts'
import { openedBy, weakness } from './weakness.ts'

export default weakness({
  story: 'Fifteen parallel calls took a connection each and then one more for the audit row: all waited for the others for ever.',
  source: 'treg#181; node-postgres waits for a free client without a limit',
  caughtBy: { scenario: 'pool-exhaustion', check: 'recovers' },
  apply: (parts) => ({
    ...parts,
    connections(options) {
      const inner = parts.connections({ ...options, times: { ...options.times, session: {} } })
      return options.name === 'admin' ? inner : twice(inner)
    },
  }),
})

function twice(inner: Connections): Connections {
  return openedBy(inner, async () => {
    const first = await inner.open()
    const second = await inner.open()
    return {
      ...first,
      release(broken) {
        second.release(broken)
        first.release(broken)
      },
    }
  })
}
