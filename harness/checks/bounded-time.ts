// A4: every call is answered by its tool's deadline, none stays silent. A call that hangs holds a connection, an agent's turn
// and a slot in its client's budget; the agent asks again and holds two. Judged by the server's own time where an answer came
// and its log shows it; without an answer by the longer of that and what callers saw who were patient enough to wait for the deadline:
// a handler that returned and an answer that never left are a hang all the same. An answer for which its caller waited twice as long as is
// allowed, and the log says otherwise, is unknown: it may have stood in a line before the handler, of which the log knows nothing, or the
// machine had no time. It is a fail where connections stood for longer than is allowed at a door that was the server's own to open, and what
// only callers saw take too long is unknown where they stood at one that nobody could (history/door.ts).
//
// Limits: graceMs on top of the deadline (default 250 ms, ours), the generator's measured lateness, and what callers see the way there and
// back, which the soonest answer of the run bounds. Exempt: calls that a fault on the link between agents and server cut, those that an
// instance had when it was frozen before their time was over, and those that never reached a server. Not modelled: what lags after a thaw.
import { inLineOf, ownLineMs } from '../history/door.ts'
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { lateness99Ms } from '../history/lateness.ts'
import { quantileOf } from '../history/quantiles.ts'
import { overlaps, wayMs } from '../history/queries.ts'
import { milliseconds } from '../parameters.ts'
import { check, type Finding, type Remedy } from './check.ts'
import { indexes, notExercised, some, time, unknown } from './finding.ts'

const WITNESSES = 20
/** More than a busy generator, a large answer and a caller's network add to what a log tells. ours */
const LONGER = 2

const TAKE_IN: Remedy = {
  control: 'overload',
  do: 'Accept connections as they come and refuse at once what is too much, instead of leaving it in the line of the kernel: several listeners or processes at the port, nothing that holds the loop, a limit of connections that answers 503.',
  runbook: 'OVERLOADED',
}

export const boundedTime = check({
  code: 'A4',
  title: 'Every call is answered by its deadline',
  why: 'A call without an end holds a connection and a turn. Agents that hear nothing ask again, and hold two.',
  remedy: {
    control: 'deadline',
    do: 'Give every tool a deadline on the server, counted from the arrival of the call with its time in the queue, and cancel the work behind it when it passes.',
    runbook: 'TOOL_TIMEOUT',
  },
  source: 'seed 2, "Timeouts"; SRE ch. 22, deadline propagation; the grace is ours',
  sort: 'exact',
  needs: ['deadlines'],
  limits: { graceMs: milliseconds(250) },
  fromOutside: answeredAtAll,
  judge(history, { graceMs }) {
    const lateMs = Math.max(0, lateness99Ms(history) || 0)
    const way = wayMs(history)
    const seenMs = asSeen(history)
    const wasFrozen = frozenIn(history)
    const wasInLine = inLineOf(history)
    const harms = faultsOf(history).filter(({ dependency }) => dependency === 'server')
    const over: Late[] = []
    const inLine: Late[] = []
    let [samples, longestMs] = [0, 0]
    for (const call of history.calls) {
      const deadlineMs = call.role === 'handshake' ? undefined : history.plan.roles[call.role]?.deadlineMs
      if (deadlineMs === undefined || call.class === 'unreachable') continue
      const harmed = harms.some(({ fromMs, overMs }) => overlaps(call, { fromMs, toMs: overMs }))
      if (wasCut(call) && harmed) continue
      const byLog = call.server?.durationMs !== undefined && isAnswered(call)
      const limitMs = deadlineMs + graceMs + lateMs + (byLog ? 0 : way)
      if (wasFrozen(call, limitMs)) continue
      const waitedMs = seenMs(call, limitMs)
      const tookMs = timeOf(call, waitedMs)
      if (tookMs === undefined) continue
      samples++
      longestMs = Math.max(longestMs, tookMs)
      if (tookMs > limitMs) (wasInLine(call, limitMs) ? inLine : over).push({ call, tookMs, limitMs })
      else if (waitedMs !== undefined && waitedMs > LONGER * limitMs && !harmed) {
        const own = ownLineMs(history, call) > limitMs
        ;(own ? over : inLine).push({ call, tookMs: waitedMs, limitMs, atDoor: own })
      }
    }
    if (samples === 0) return notExercised('no caller was patient enough to see a deadline pass, and the server does not log its own times')
    over.sort((a, b) => b.tookMs - b.limitMs - (a.tookMs - a.limitMs))
    const [worst] = over
    const atDoor = over.filter((one) => one.atDoor).length
    if (!worst && inLine.length > 0) return unknownLine(inLine, samples)
    return {
      status: worst ? 'fail' : 'pass',
      timed: true,
      measured: over.length,
      limit: 0,
      unit: 'calls past their deadline',
      samples,
      says: worst
        ? `${over.length} of ${some(samples, 'call')} outlived their deadline; the worst took ${time(worst.tookMs)}${worst.call.endedAtMs === undefined || worst.call.class === 'lost' ? ' and was never answered' : ''}, allowed were ${time(worst.limitMs)}${atDoor > 0 ? `; ${atDoor} of them in a line at the server's own door, of which its log knows nothing` : ''}`
        : `all ${some(samples, 'call')} ended in time, the longest after ${time(longestMs)}`,
      witnesses: indexes(over.slice(0, WITNESSES).map(({ call }) => call)),
      ...(worst && atDoor === over.length && { remedy: TAKE_IN }),
    }
  },
})

interface Late {
  call: Call
  tookMs: number
  limitMs: number
  /** In a line of the server's own, of which its log knows nothing. */
  atDoor?: boolean
}

function unknownLine(inLine: readonly Late[], samples: number): Finding {
  const { call, tookMs } = inLine.reduce((most, one) => (one.tookMs > most.tookMs ? one : most))
  const logged = call.server?.durationMs === undefined ? 'has nothing' : `says ${time(call.server.durationMs)}`
  return unknown(
    `callers of ${some(inLine.length, 'call')} waited far longer than the log tells, one ${time(tookMs)} where it ${logged}: in a line before the handler, or for a machine that had no time`,
    { samples, witnesses: indexes(inLine.slice(0, WITNESSES).map(({ call }) => call)) },
  )
}

/** A tool that answers usually this many times sooner than patience ends cannot have been meant to take so long. ours */
const SOONER = 4
const USUAL_LEAST = 20
/** From here on silence is a fault whatever was promised: no client waits longer (the Python SDK's timeout). */
const PATIENT_MS = 30_000

/** Without a deadline to hold it to: a tool that is usually quick leaves nobody without any answer at all. */
function answeredAtAll(history: History): Finding | undefined {
  const { patienceMs } = history.plan
  const seenMs = asSeen(history)
  const harmed = faultsOf(history).filter(({ dependency }) => dependency === 'server')
  const usual = new Map([...Map.groupBy(history.calls, ({ role }) => role)].map(([role, calls]) => [role, usualMs(calls)] as const))
  const looked = history.calls.flatMap((call) => {
    const quick = (usual.get(call.role) ?? Number.POSITIVE_INFINITY) <= patienceMs / SOONER
    if (!quick || call.role === 'handshake' || call.class === 'unreachable' || call.timeoutMs < patienceMs || wasCut(call)) return []
    if (harmed.some(({ fromMs, overMs }) => overlaps(call, { fromMs, toMs: overMs }))) return []
    const tookMs = seenMs(call, patienceMs - 1)
    return tookMs === undefined ? [] : [{ call, tookMs }]
  })
  const silent = looked.filter(({ call, tookMs }) => tookMs >= patienceMs && call.class === 'lost').map(({ call }) => call)
  // A short patience that was spent proves no more than that.
  if (looked.length === 0 || (silent.length > 0 && patienceMs < PATIENT_MS)) return undefined
  return {
    status: silent.length > 0 ? 'fail' : 'pass',
    measured: silent.length,
    limit: 0,
    unit: 'calls without any answer',
    samples: looked.length,
    says:
      silent.length > 0
        ? `${silent.length} of ${some(looked.length, 'call')} had no answer within ${time(patienceMs)}, though their tools usually take less than a quarter of that`
        : `all ${some(looked.length, 'call')} had an answer within ${time(patienceMs)}; the tools' own deadlines are not declared`,
    witnesses: indexes(silent.slice(0, WITNESSES)),
  }
}

/** p95 of what was served in the steady phase; infinity when too few were. */
function usualMs(calls: readonly Call[]): number {
  const took = calls.flatMap(({ phase, outcome, sentAtMs, endedAtMs }) =>
    phase === 'steady' && outcome === 'ok' && endedAtMs !== undefined ? [endedAtMs - sentAtMs] : [],
  )
  return took.length < USUAL_LEAST ? Number.POSITIVE_INFINITY : quantileOf(took, 0.95)
}

function wasCut({ evidence }: Call): boolean {
  return evidence.transport === 'reset' || evidence.transport === 'cut'
}

/** Tells of a call whether the instance that had it, or may have had it, was stopped by us while there was time left. */
function frozenIn(history: History): (call: Call, limitMs: number) => boolean {
  const freezes = faultsOf(history).filter(({ fault }) => fault === 'server-frozen')
  return (call, limitMs) => {
    // Faults and logs count instances; a header may call them by any name.
    const instance = call.server?.instance ?? call.evidence.instance
    return freezes.some(
      ({ fromMs, overMs, parameters }) =>
        (instance === String(parameters.instance) || !/^\d+$/.test(instance ?? '')) &&
        call.sentAtMs + limitMs >= fromMs &&
        overlaps(call, { fromMs, toMs: overMs }),
    )
  }
}

function isAnswered({ endedAtMs, evidence }: Call): boolean {
  return endedAtMs !== undefined && evidence.transport === undefined
}

/** How long the call took for sure, ms; undefined when nobody was there to see. */
function timeOf(call: Call, seenMs: number | undefined): number | undefined {
  const loggedMs = call.server?.durationMs
  if (isAnswered(call)) return loggedMs ?? seenMs
  return loggedMs === undefined ? seenMs : Math.max(loggedMs, seenMs ?? 0)
}

/** How long a caller saw it take, where it was patient enough for the limit. */
function asSeen({ plan, manifest, agents }: History): (call: Call, limitMs: number) => number | undefined {
  const whole = new Set(agents.flatMap(({ agent, stopped, missing }) => (stopped && missing.length === 0 ? [agent] : [])))
  return ({ agent, sentAtMs, endedAtMs, timeoutMs, evidence }, limitMs) => {
    if (endedAtMs !== undefined) return timeoutMs > limitMs || evidence.transport === undefined ? endedAtMs - sentAtMs : undefined
    // Never answered: in flight when the generator stopped, unless its last lines are what is missing.
    const watchedMs = plan.endsAtMs - sentAtMs
    return manifest.state === 'complete' && whole.has(agent) && timeoutMs > limitMs && watchedMs > limitMs ? watchedMs : undefined
  }
}
