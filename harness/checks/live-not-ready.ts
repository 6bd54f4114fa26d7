// A20: liveness speaks of the process alone, and readiness falls for the server's own state only. A liveness probe that asks
// the database has every instance restarted at once when the database is away, which then comes back to cold caches and a
// storm of connections; a readiness probe that asks it takes the whole fleet out of the balancer.
//
// Limit: silentReadings, unanswered readings in a row that count as dead (default 3, a kubelet's failureThreshold). Instances
// that a fault stops, freezes or drains are left out while it lasts. Readiness is looked at while a dependency is broken and in the steady
// phase, when there is nothing for it to fall for. A probe that never once succeeded, not before anything was broken either,
// is more likely asked at a wrong address: unknown. So is one that is told 429: the harness asks forty times as often as a kubelet, and from
// the address of all agents. Not modelled: start-up probes.
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { causesOf, phaseOf } from '../history/queries.ts'
import type { Point } from '../history/samples.ts'
import { points, probeHolds } from '../history/samples.ts'
import { isDuring } from '../history/stretch.ts'
import { count } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, some, time, unknown } from './finding.ts'

const WITNESSES = 20

export const liveNotReady = check({
  code: 'A20',
  title: 'Probes speak of the server, not of what it depends on',
  why: 'A probe that fails with the database restarts or withdraws every instance at once: an outage of one part becomes an outage of all.',
  remedy: {
    control: 'probes',
    do: 'Answer liveness from the process alone, readiness from the server’s own state (starting, draining); tell dependencies on a page for people.',
    runbook: 'DEPENDENCY_UNAVAILABLE',
  },
  source: 'Kubernetes documentation, "Liveness, Readiness and Startup Probes"; xorbitsai/xagent#889',
  sort: 'exact',
  needs: ['observe.probes'],
  limits: { silentReadings: count(3, { from: 1, to: 100 }) },
  judge(history, { silentReadings }) {
    const faults = faultsOf(history)
    const own = faults.filter(({ dependency }) => dependency === 'server')
    const neverHeld = (['live', 'ready'] as const).filter((name) => neverSucceeded(points(history, `${name}Status`)))
    const read = (name: 'live' | 'ready') => (neverHeld.includes(name) ? [] : points(history, `${name}Status`))
    const live = read('live').filter(({ atMs }) => !own.some((fault) => within(fault, atMs)))
    const steady = phaseOf(history, 'steady')
    const isCalm = (atMs: number) => steady !== undefined && isDuring(steady, atMs)
    const ready = read('ready').filter(({ atMs }) => isCalm(atMs) || foreign(faults, own, atMs))
    const shown = { limit: 0, unit: 'probes that failed', samples: live.length + ready.length }
    if (shown.samples === 0 && neverHeld.length === 0) return unknown('no probe was read', shown)
    const dead = [...live.filter(failed), ...silent(live, silentReadings)]
    const withdrawn = [...ready.filter(failed), ...silent(ready, silentReadings)]
    const fallen = [...dead, ...withdrawn].sort((a, b) => a.atMs - b.atMs)
    const [first] = fallen
    if (!first && neverHeld.length > 0) {
      const lines = neverHeld.map((name) => `observe.probes.${name}`).join(' and ')
      return unknown(`${neverHeld.join(' and ')} never succeeded, not before anything was broken either: mend ${lines}`, shown)
    }
    const throttled = [...live, ...ready].filter(({ value }) => value === TOO_MANY)
    if (!first && throttled.length > 0)
      return unknown(`${some(throttled.length, 'probe')} told 429, first at ${moment(throttled)}: leave them out of the limit`, shown)
    if (!first) return { ...shown, status: 'pass', measured: 0, says: `all ${some(shown.samples, 'probe')} succeeded` }
    return {
      ...shown,
      status: 'fail',
      measured: fallen.length,
      says: [
        ...(dead.length > 0 ? [`liveness failed ${some(dead.length, 'time')}, first at ${moment(dead)}`] : []),
        ...(withdrawn.length > 0
          ? [
              `readiness fell ${some(withdrawn.length, 'time')} while ${withdrawn.every(({ atMs }) => isCalm(atMs)) ? 'nothing was broken' : 'only a dependency was away'}, first at ${moment(withdrawn)}`,
            ]
          : []),
      ].join('; '),
      exhibits: fallen
        .slice(0, WITNESSES)
        .map(({ atMs, value, series }) => `${series}: ${value === 0 ? 'unanswered' : value} at ${time(atMs)}`),
      witnesses: indexes(causesOf(history.calls, first.atMs, WITNESSES)),
    }
  },
})

const TOO_MANY = 429

/** Answered, and not with success. */
function failed({ value }: Point): boolean {
  return value !== 0 && value !== TOO_MANY && !probeHolds(value)
}

function neverSucceeded(readings: readonly Point[]): boolean {
  return readings.length > 0 && !readings.some(({ value }) => probeHolds(value))
}

function within({ fromMs, overMs }: FaultRecord, atMs: number): boolean {
  return atMs >= fromMs && atMs <= overMs
}

/** Is something else than the server itself broken at this moment? */
function foreign(faults: readonly FaultRecord[], own: readonly FaultRecord[], atMs: number): boolean {
  return faults.some((fault) => within(fault, atMs)) && !own.some((fault) => within(fault, atMs))
}

/** Readings that were the last of so many unanswered in a row, series by series. */
function silent(readings: readonly Point[], inARow: number): Point[] {
  const rows = new Map<string, number>()
  return readings.filter(({ series, value }) => {
    const row = value === 0 ? (rows.get(series) ?? 0) + 1 : 0
    rows.set(series, row)
    return row === inARow
  })
}

function moment([first]: readonly Point[]): string {
  return `${time(first?.atMs ?? 0)}${first?.value === 0 ? ' (no answer)' : ` (${first?.value})`}`
}
