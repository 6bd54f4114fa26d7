// No call outlives its tool's deadline, and the answer leaves at that moment. The work behind it is cancelled, not
// abandoned: it goes on behind the answer until Postgres has let go, holding its connection and its lease, and it is bounded there.
// Limit: the least of the tool's own deadline, what the client says it will wait (`Prefer: wait=5`, seconds, RFC 7240 section 4.3) and
// DEADLINE_LONGEST_MS (25 s, below the 60 s at which stock clients give up).
// The clock runs from when the body is awaited, so every wait on the way counts.
// A write whose COMMIT has left is OUTCOME_UNKNOWN; any other is TOOL_TIMEOUT, and is rolled back.
// A wait of 0 or one that is no number is no hint: the client is not refused for it.
import type { Answer, Call } from '../call.ts'
import { untilAborted } from '../call.ts'
import { CallError } from '../errors.ts'
import { control } from './control.ts'

export const deadline = control({
  summary: "Answers by the tool's deadline and cancels the work behind.",
  source: 'seed 2, "Timeouts: every tool should have a hard timeout enforced server-side"',
  settings: ['DEADLINE_LONGEST_MS'],
  wrap: (next, { times, clock, behind }) =>
    function deadline(call) {
      const limitMs = Math.min(times.deadlineMs(call.tool), waitOf(call))
      call.deadlineAtMs = call.startedAtMs + limitMs
      // What is refused at once leaves here: there is nothing to time.
      const work = next(call)
      behind.add(work)
      work.catch(() => undefined).finally(() => behind.delete(work))
      return inTime(work, call, limitMs, call.deadlineAtMs - clock())
    },
})

async function inTime(work: Promise<Answer>, call: Call, limitMs: number, leftMs: number): Promise<Answer> {
  const timer = Number.isFinite(leftMs) ? setTimeout(() => call.abort.abort(timedOut(call, limitMs)), leftMs) : undefined
  const { aborted, forget } = untilAborted(call.abort.signal)
  try {
    return await Promise.race([work, aborted])
  } finally {
    clearTimeout(timer)
    forget()
  }
}

const WAIT = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})(?=["\s,;]|$)/i

/** How long its client will wait, ms; Infinity when it does not say. */
function waitOf({ headers }: Call): number {
  if (headers.prefer === undefined) return Number.POSITIVE_INFINITY
  const preferred = [headers.prefer].flat().join(', ')
  return Number(WAIT.exec(preferred)?.[1] ?? 0) * 1_000 || Number.POSITIVE_INFINITY
}

function timedOut(call: Call, limitMs: number): CallError {
  if (call.facts.commitSent)
    return new CallError('OUTCOME_UNKNOWN', 'The write was being committed when its time ran out: read back before asking again.')
  const again =
    call.tool && call.tool.class !== 'read' ? ' Nothing was written; ask again with the same idempotencyKey.' : ' Ask for less, or later.'
  return new CallError('TOOL_TIMEOUT', `The tool did not finish within ${limitMs / 1_000} s.${again}`, { limit: limitMs })
}
