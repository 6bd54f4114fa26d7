// No call outlives its tool's deadline, and the answer leaves at that moment. The work behind it is cancelled, not
// abandoned: it goes on behind the answer until Postgres has let go, holding its connection and its lease, and it is bounded there.
// Limit: the least of the tool's own deadline and DEADLINE_LONGEST_MS (25 s, below the 60 s at which stock clients give up).
// The clock runs from when the body is awaited, so every wait on the way counts.
// A write whose COMMIT has left is OUTCOME_UNKNOWN; any other is TOOL_TIMEOUT, and is rolled back.
// Does not model: a client's own hint of how long it will wait.
import type { Call } from '../call.ts'
import { untilAborted } from '../call.ts'
import { CallError } from '../errors.ts'
import { control } from './control.ts'

export const deadline = control({
  summary: "Answers by the tool's deadline and cancels the work behind.",
  source: 'seed 2, "Timeouts: every tool should have a hard timeout enforced server-side"',
  settings: ['DEADLINE_LONGEST_MS'],
  wrap: (next, { times, clock, behind }) =>
    async function deadline(call) {
      const limitMs = times.deadlineMs(call.tool)
      call.deadlineAtMs = call.startedAtMs + limitMs
      const leftMs = call.deadlineAtMs - clock()
      const timer = Number.isFinite(leftMs) ? setTimeout(() => call.abort.abort(timedOut(call, limitMs)), leftMs) : undefined
      const { aborted, forget } = untilAborted(call.abort.signal)
      const work = next(call)
      behind.add(work)
      work.catch(() => undefined).finally(() => behind.delete(work))
      try {
        return await Promise.race([work, aborted])
      } finally {
        clearTimeout(timer)
        forget()
      }
    },
})

function timedOut(call: Call, limitMs: number): CallError {
  if (call.facts.commitSent)
    return new CallError('OUTCOME_UNKNOWN', 'The write was being committed when its time ran out: read back before asking again.')
  const again =
    call.tool && call.tool.class !== 'read' ? ' Nothing was written; ask again with the same idempotencyKey.' : ' Ask for less, or later.'
  return new CallError('TOOL_TIMEOUT', `The tool did not finish within ${limitMs / 1_000} s.${again}`, { limit: limitMs })
}
