// Turns calls away when this process has more than it can do in time, before they cost anything: 503 OVERLOADED with a wait that
// grows with the pressure, jittered, so that those turned away together do not come back together. Who goes first: gate.ts.
// Stands for: overload, where a server that accepts everything serves nothing in time (goodput collapses, callers time out and ask
// again), and for batch jobs that take the room of a person who waits.
// Source: SRE book ch. 21, "Handling Overload"; seed 2, "Backpressure and Failure Policy".
import type { Answer } from '../call.ts'
import { CallError } from '../errors.ts'
import { control } from './control.ts'

const WAIT_MS = 1_000

export const overload = control({
  summary: 'Turns calls away by priority when this process is at its limit: batch, then normal, critical last.',
  source: 'SRE book ch. 21; seed 2, "Backpressure and Failure Policy"',
  settings: ['OVERLOAD_LOOP_DELAY_MS', 'OVERLOAD_QUEUE_WAIT_MS', 'IN_FLIGHT_MAX', 'IN_FLIGHT_BYTES_MAX'],
  wrap: (next, { gate, metrics, random }) =>
    function overload(call) {
      const priority = call.identity?.priority ?? 'normal'
      const badness = gate.turnedAway(priority, call.tool?.pool)
      if (badness !== undefined) {
        metrics.shed.inc({ tier: priority })
        const retryAfterMs = Math.ceil(WAIT_MS * (1 + 2 * badness) * (1 + random() / 2))
        const wait = Math.ceil(retryAfterMs / 1_000)
        throw new CallError('OVERLOADED', `The server has more to do than it can; ask again in ${wait} s.`, {
          scope: priority,
          retryAfterMs,
        })
      }
      let work: Promise<Answer>
      try {
        work = next(call)
      } catch (refused) {
        gate.leave()
        throw refused
      }
      return work.finally(gate.leave)
    },
})
