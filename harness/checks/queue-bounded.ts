// A9: callers that wait for a connection are few and wait briefly. A queue without a bound turns a slow database into
// answers that nobody waits for any more, each of which still costs a connection when its turn comes.
//
// Limits: queueMax and acquireTimeoutMs of the target's `declared`; slackMs on top of the latter (default 100 ms, ours: timers and
// the event loop). From outside, without metrics: calls that no fault touches and that are served under load, but later than the
// latest of the steady phase by more than outsideMs (5 s), waited somewhere; by no more than outsideFineMs (1 s) they did not
// (ours). A peak between two samples is seen where the server keeps a high-water mark; what that was before the first call is not of this
// load. Not modelled: queues before the server.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { peakInFlight } from '../history/in-flight.ts'
import { quantileOf } from '../history/quantiles.ts'
import { causesOf, needs } from '../history/queries.ts'
import { type Point, points } from '../history/samples.ts'
import { milliseconds } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, some, time, unknown } from './finding.ts'

const WITNESSES = 20
/** What is told of a busy event loop beside a long wait, and how near to it. ours */
const LATE_MS = 50
const LATE_NEAR_MS = 2_000

export const queueBounded = check({
  code: 'A9',
  title: 'Few wait for a connection, and none for long',
  why: 'Whoever waits longer than its caller does work for nobody. An unbounded queue makes that the normal case, and keeps it so after the cause is gone.',
  remedy: {
    control: 'bulkhead',
    do: 'Bound the queue before each pool and the wait in it; refuse the rest at once with 503 and a wait.',
    runbook: 'QUEUE_FULL',
  },
  source: 'SRE ch. 21 and 22; node-postgres has no bound by default; slack is ours',
  sort: 'exact',
  needs: ['declared.queueMax', 'observe.metrics.poolWaiting'],
  limits: { slackMs: milliseconds(100), outsideMs: milliseconds(5_000), outsideFineMs: milliseconds(1_000) },
  fromOutside: waitedOutside,
  judge(history, { slackMs }) {
    const { queueMax = 0, acquireTimeoutMs } = history.manifest.declared
    const waiting = [...points(history, 'poolWaiting'), ...sinceFirstCall(history, 'poolWaitingMax')]
    const waits = sinceFirstCall(history, 'poolWaitSecondsMax')
    const shown = { limit: queueMax, unit: 'callers waiting', samples: waiting.length }
    if (waiting.length === 0) return unknown('no sample of the queue was taken', shown)
    const longest = highest(waiting)
    const slowest = waits.length > 0 ? highest(waits) : undefined
    const slowestMs = (slowest?.value ?? 0) * 1_000
    const tooMany = longest.value > queueMax
    const tooLong = acquireTimeoutMs !== undefined && slowestMs > acquireTimeoutMs + slackMs
    const at = tooMany ? longest : slowest
    return {
      ...shown,
      status: tooMany || tooLong ? 'fail' : 'pass',
      timed: !tooMany,
      measured: longest.value,
      says: [
        tooMany
          ? `${some(longest.value, 'caller')} waited at once (${longest.series}), declared are at most ${queueMax}`
          : `at most ${some(longest.value, 'caller')} of ${queueMax} waited at once`,
        ...(tooLong
          ? [`one waited ${time(slowestMs)}, allowed are ${time(acquireTimeoutMs)}${lateTimers(history, slowest?.atMs ?? 0)}`]
          : []),
      ].join('; '),
      ...((tooMany || tooLong) && {
        witnesses: indexes(causesOf(history.calls, at?.atMs ?? 0, WITNESSES)),
        // A line is as slow as those before it: who holds what it waits for comes first.
        ...(!tooMany && { follows: ['pool-bounded', 'cancel-propagates'] }),
        advice: [
          ...(tooMany ? [{ setting: 'QUEUE_MAX', present: String(queueMax), suggested: String(queueMax) }] : []),
          ...(tooLong
            ? [
                {
                  setting: 'ACQUIRE_TIMEOUT_MS',
                  present: String(acquireTimeoutMs),
                  suggested: String(acquireTimeoutMs),
                },
              ]
            : []),
        ],
      }),
    }
  },
})

/** Of a highest value since the server's start: 0 for as long as it is no higher than before the first call, when it was not of this load. */
function sinceFirstCall(history: History, name: string): Point[] {
  const firstMs = history.calls[0]?.sentAtMs ?? 0
  const before = new Map<string, number>()
  for (const { series, atMs, value } of points(history, name))
    if (atMs < firstMs) before.set(series, Math.max(value, before.get(series) ?? 0))
  return points(history, name).map((point) => (point.value > (before.get(point.series) ?? 0) ? point : { ...point, value: 0 }))
}

/** `, while timers came up to 344 ms late`: part of a wait may be no wait for a connection. */
function lateTimers(history: History, atMs: number): string {
  const near = points(history, 'loopDelaySecondsP99').filter((point) => Math.abs(point.atMs - atMs) <= LATE_NEAR_MS)
  const lateMs = near.reduce((most, { value }) => Math.max(most, value * 1_000), 0)
  return lateMs < LATE_MS ? '' : `, while timers came up to ${time(lateMs)} late`
}

const OUTSIDE_LEAST = 50

/** Whoever is served, but much later than usual, stood in a line that nobody bounded. Only where no fault slows the work itself. */
function waitedOutside(history: History, { outsideMs, outsideFineMs }: { outsideMs: number; outsideFineMs: number }): Finding | undefined {
  const broken = faultsOf(history).map(({ dependency }) => dependency ?? 'server')
  const calls = history.calls.filter(
    ({ role, endedAtMs, timeoutMs }) =>
      role !== 'handshake' && endedAtMs !== undefined && timeoutMs > outsideMs && !broken.some((name) => needs(history, role, name)),
  )
  const steady = calls.filter(({ phase, outcome }) => phase === 'steady' && outcome === 'ok')
  const stressed = calls.filter(({ phase, outcome, class: is }) => phase === 'stress' && (outcome === 'ok' || is === 'lost'))
  if (steady.length < OUTSIDE_LEAST || stressed.length < OUTSIDE_LEAST) return undefined
  // A line that nobody had to stand in shows nothing.
  if (peakInFlight(stressed).calls < 2 * peakInFlight(steady).calls) return undefined
  // The latest, not a percentile: a tool may be slow for one question in fifty, on a quiet day too.
  const usual = new Map([...Map.groupBy(steady, ({ role }) => role)].map(([role, own]) => [role, quantileOf(own.map(took), 1)] as const))
  const waits = stressed.flatMap((call) =>
    usual.has(call.role) ? [{ call, waitedMs: Math.max(0, took(call) - (usual.get(call.role) ?? 0)) }] : [],
  )
  const p99Ms = quantileOf(
    waits.map(({ waitedMs }) => waitedMs),
    0.99,
  )
  if (!(p99Ms <= outsideFineMs || p99Ms > outsideMs)) return undefined
  const long = waits.filter(({ waitedMs }) => waitedMs > outsideMs).sort((a, b) => b.waitedMs - a.waitedMs)
  const shown = { measured: p99Ms, limit: outsideMs, unit: 'ms later than usual (p99)', samples: waits.length }
  if (p99Ms <= outsideFineMs)
    return { ...shown, status: 'pass', says: `under load, calls were answered at most ${time(p99Ms)} later than usual (p99)` }
  const witnesses = indexes(long.slice(0, WITNESSES).map(({ call }) => call))
  return {
    ...shown,
    status: 'fail',
    timed: true,
    says: `under load, calls that no fault touches were answered ${time(p99Ms)} later than usual (p99): they waited in a line`,
    witnesses,
  }
}

function took({ sentAtMs, endedAtMs = sentAtMs }: Call): number {
  return endedAtMs - sentAtMs
}

/** The first moment of the highest value: later samples of a high-water mark only repeat it. */
function highest(of: readonly Point[]): Point {
  return of.reduce((most, point) => (point.value > most.value ? point : most))
}
