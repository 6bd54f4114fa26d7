// A9: callers that wait for a connection are few and wait briefly. A queue without a bound turns a slow database into
// answers that nobody waits for any more, each of which still costs a connection when its turn comes.
//
// Limits: queueMax and acquireTimeoutMs of the target's `declared`; slackMs on top of the latter (default 100 ms, ours: timers and
// the event loop). A peak between two samples is seen where the server keeps a high-water mark. Not modelled: queues before the server.
import { causesOf, type Point, points } from '../history/queries.ts'
import { milliseconds } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, some, time, unknown } from './finding.ts'

const WITNESSES = 20

export const queueBounded = check({
  code: 'A9',
  title: 'Few wait for a connection, and none for long',
  why: 'Whoever waits longer than its caller does work for nobody. An unbounded queue makes that the normal case, and keeps it so after the cause is gone.',
  remedy: {
    control: 'bulkhead',
    do: 'Bound the queue before each pool and the wait in it; refuse the rest at once with 503 and a wait.',
    setting: 'QUEUE_MAX',
    runbook: 'QUEUE_FULL',
  },
  source: 'SRE ch. 21 and 22; node-postgres has no bound by default; slack is ours',
  sort: 'exact',
  needs: ['declared.queueMax', 'observe.metrics.poolWaiting'],
  limits: { slackMs: milliseconds(100) },
  judge(history, { slackMs }) {
    const { queueMax = 0, acquireTimeoutMs } = history.manifest.declared
    const waiting = [...points(history, 'poolWaiting'), ...points(history, 'poolWaitingMax')]
    const waits = points(history, 'poolWaitSecondsMax')
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
      measured: longest.value,
      says: [
        tooMany
          ? `${some(longest.value, 'caller')} waited at once (${longest.series}), declared are at most ${queueMax}`
          : `at most ${some(longest.value, 'caller')} of ${queueMax} waited at once`,
        ...(tooLong ? [`one waited ${time(slowestMs)}, allowed are ${time(acquireTimeoutMs)}`] : []),
      ].join('; '),
      ...((tooMany || tooLong) && {
        witnesses: indexes(causesOf(history.calls, at?.atMs ?? 0, WITNESSES)),
        advice: [
          ...(tooMany ? [{ setting: 'QUEUE_MAX', present: String(queueMax), suggested: `${queueMax}, enforced before the pool` }] : []),
          ...(tooLong
            ? [
                {
                  setting: 'ACQUIRE_TIMEOUT_MS',
                  present: String(acquireTimeoutMs),
                  suggested: `${acquireTimeoutMs}, enforced by a timer of the queue's own`,
                },
              ]
            : []),
        ],
      }),
    }
  },
})

/** The first moment of the highest value: later samples of a high-water mark only repeat it. */
function highest(of: readonly Point[]): Point {
  return of.reduce((most, point) => (point.value > most.value ? point : most))
}
