// Refuses new calls DRAIN_DELAY_MS after the server was told to stop (until then a balancer may still send some), while the
// calls inside finish. Stands for: SIGTERM under load (rolling restarts), where a server that just exits loses what it has
// accepted.
// Calls already inside are not its business: server.ts waits for them. Retry-After is what a replacement needs to appear, 1 s.
import { CallError } from '../errors.ts'
import { control } from './control.ts'

export const draining = control({
  summary: 'Refuses new calls while the server drains.',
  source: 'seed 2, "Graceful shutdown (drain in-flight requests before exit)"',
  settings: ['DRAIN_DELAY_MS', 'DRAIN_GRACE_MS'],
  wrap: (next, running) =>
    function draining(call) {
      if (running.draining) {
        const headers = { connection: 'close' }
        throw new CallError('DRAINING', 'This server is shutting down; ask again in 1 s.', { retryAfterMs: 1_000, headers })
      }
      return next(call)
    },
})
