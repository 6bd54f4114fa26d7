// A11: an open breaker asks with one call at a time whether the dependency is back, and closes soon after it is. One that lets everybody
// through at once (half-open) knocks a dependency down again that is just getting up; one whose probe has no deadline, or that closes after
// many successes of which it tries one at a time, stays half-open.
//
// Limits: probes, attempts after a silence that follow on each other within 250 ms, a breaker (declared.breakerProbes, else 1, ours; where
// nothing is declared up to ten are not judged: resilience4j lets ten through); closeMs, how long after the verified heal a call that needs
// the dependency may first succeed, and most be turned away (the declared open time, two probes of probeMs, 1 s each, and the wait that a
// throttled API told; where none is declared only what is sooner than the reference server's passes, and the rest is not judged: libraries
// wait 30 or 60 s by default). A silence is half of the open time without an attempt while calls are not served. Where attempts are
// connections, those after the heal are a pool that fills again, and no flood. Not modelled: breakers that a fault of the harness never opened.
import type { Call } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { breakersOf } from '../history/instances.ts'
import { attemptsAt, breakerOpenMs, refusedBefore } from '../history/queries.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { count, milliseconds } from '../parameters.ts'
import { openBreaker, remedyFor } from './cause.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, time, unknown, worst } from './finding.ts'

const WITNESSES = 20
/** Attempts this soon after one another began together. */
const TOGETHER_MS = 250
/** The most that a library lets through by default, resilience4j. */
const LIBRARY_PROBES = 10
const SILENCE_SHARE = 0.5
const ASKED_LEAST = 5

interface Limits {
  probes: number
  probeMs: number
}

export const breakerRecovers = check({
  code: 'A11',
  title: 'An open breaker probes with one call, and closes soon after the heal',
  why: 'A dependency that is getting up meets everybody who waited for it at once, and goes down again.',
  remedy: {
    control: 'breaker',
    do: 'Let one probe through when the open time is over, with a deadline of its own; keep refusing the others until it has succeeded.',
    runbook: 'DEPENDENCY_UNAVAILABLE',
  },
  source: 'safe-global#3442, a flood of 17 × in half-open; decocms#5322, a stuck probe; limits are ours',
  sort: 'event',
  needs: ['responses'],
  ofAllAgents: true,
  limits: { probes: count(1, { from: 1, to: 1_000 }), probeMs: milliseconds(1_000) },
  judge(history, limits) {
    const hard = faultsOf(history).filter(({ dependency }) => dependency !== undefined && dependency !== 'server')
    const found = hard.flatMap((fault) => judgeFault(history, fault, limits) ?? [])
    if (found.length === 0) return notExercised('no breaker opened')
    return worst(found)
  },
})

/** Undefined when no silence shows that a breaker opened. */
function judgeFault(history: History, fault: FaultRecord, limits: Limits): Finding | undefined {
  const dependency = fault.dependency ?? ''
  const openMs = breakerOpenMs(history)
  const asking = needing(history, dependency).filter((call) => !refusedBefore(call))
  const bursts = burstsAfterSilence(history, fault, dependency, asking, openMs * SILENCE_SHARE)
  if (bursts.length === 0) return undefined
  const breakers = breakersOf(history, dependency)
  const { breakerProbes } = history.manifest.declared
  const allowed = (breakerProbes ?? limits.probes) * breakers
  const worst = bursts.reduce((most, burst) => (burst.attempts > most.attempts ? burst : most))
  const shown = { measured: worst.attempts, limit: allowed, unit: 'probes at once', samples: bursts.length }
  const around = asking.filter(({ sentAtMs }) => Math.abs(sentAtMs - worst.atMs) <= TOGETHER_MS)
  const flood = `after a silence, ${some(worst.attempts, 'attempt')} reached ${dependency} at once at ${time(worst.atMs)}; allowed are ${allowed}`
  const maybeMeant = breakerProbes === undefined && worst.attempts <= LIBRARY_PROBES * breakers
  if (worst.attempts > allowed && !maybeMeant)
    return { ...shown, status: 'fail', says: flood, witnesses: indexes(around.slice(0, WITNESSES)) }
  const probed = { ...shown, says: `at most ${some(worst.attempts, 'probe')} at once` }
  const found = closing(history, fault, dependency, asking, openMs + 2 * limits.probeMs + namedMs(fault), probed)
  if (worst.attempts <= allowed || found.status === 'fail') return found
  const says = `${flood}, unless the breaker is meant to ask with more, which the target does not say`
  return unknown(says, { ...shown, promisedBy: 'declared.breakerProbes' })
}

/** The wait that the fault itself named: who obeys it asks as late. */
function namedMs({ parameters: { retryAfterS = 0 } }: FaultRecord): number {
  return Number(retryAfterS) * 1_000
}

/** How soon after the heal somebody was served who needs the dependency, and whether most are from then on. */
function closing(
  history: History,
  fault: FaultRecord,
  dependency: string,
  asking: readonly Call[],
  closeMs: number,
  probed: Omit<Finding, 'status'>,
): Finding {
  const healedMs = fault.healed?.atMs
  if (healedMs === undefined) return unknown(`the heal of ${fault.fault} was not verified`, probed)
  const untilMs = Math.min(...faultsOf(history).flatMap(({ beginsMs }) => (beginsMs > healedMs ? [beginsMs] : [])))
  const after = asking.filter(({ sentAtMs }) => sentAtMs >= healedMs && sentAtMs < untilMs)
  const tookMs = servedMs(after).reduce((first, atMs) => Math.min(first, atMs), Number.POSITIVE_INFINITY) - healedMs
  // What ends in the next fault may have failed of that.
  const later = after.filter(({ sentAtMs, endedAtMs = untilMs }) => sentAtMs > healedMs + closeMs && endedAtMs < untilMs)
  const away = later.filter(({ class: is }) => is === 'dependency')
  const isShut = later.length >= ASKED_LEAST && away.length * 2 > later.length
  if (tookMs <= closeMs && !isShut)
    return { ...probed, status: 'pass', says: `${probed.says}; ${dependency} was used again ${time(tookMs)} after the heal` }
  const watchedMs = after.reduce((last, { sentAtMs }) => Math.max(last, sentAtMs), 0) - healedMs
  if (watchedMs < closeMs) return unknown(`nobody asked for ${dependency} for ${time(closeMs)} after the heal`, probed)
  const shut = isShut ? `, and then ${away.length} of ${some(later.length, 'call')} were turned away all the same` : ''
  const used = `${dependency} was first used again ${Number.isFinite(tookMs) ? `${time(tookMs)} after the heal${shut}` : 'never'}`
  if (history.manifest.declared.breakerOpenMs === undefined)
    return unknown(`${used}: whether that is late depends on how long the breaker stays open, which the target does not say`, {
      ...probed,
      promisedBy: 'declared.breakerOpenMs',
    })
  const failed = after.filter(({ outcome }) => outcome !== 'ok')
  const elsewhere = openBreaker(history, failed) === undefined ? remedyFor(history, failed) : undefined
  return {
    ...probed,
    measured: Number.isFinite(tookMs) && !isShut ? tookMs : watchedMs,
    limit: closeMs,
    unit: 'ms after the heal',
    status: 'fail',
    says: `${used}; allowed are ${time(closeMs)}`,
    witnesses: indexes(failed.slice(0, WITNESSES)),
    ...(elsewhere && { remedy: elsewhere }),
  }
}

/** When those that were served had been. */
function servedMs(calls: readonly Call[]): number[] {
  return calls.flatMap(({ outcome, endedAtMs }) => (outcome === 'ok' && endedAtMs !== undefined ? [endedAtMs] : []))
}

interface Burst {
  atMs: number
  attempts: number
}

/** Attempts that begin together after a silence, from the fault's beginning to the first burst after its heal. */
function burstsAfterSilence(history: History, fault: FaultRecord, dependency: string, asking: readonly Call[], silenceMs: number): Burst[] {
  const attempts = attemptsAt(history, dependency)
  const requests = attempts === history.hits
  const endMs = (fault.healed?.atMs ?? fault.toMs) + 2 * silenceMs
  const moments = attempts.map(({ atMs }) => atMs).filter((atMs) => atMs >= fault.fromMs && atMs <= endMs)
  const asked = ascending(
    asking.filter(({ outcome }) => outcome !== 'ok'),
    ({ sentAtMs }) => sentAtMs,
  )
  const served = new Float64Array(servedMs(asking)).sort()
  return moments.flatMap((atMs, position) => {
    const before = moments[position - 1]
    if (before === undefined || atMs - before < silenceMs) return []
    if (countBelow(asked, atMs) - countBelow(asked, before, true) < ASKED_LEAST) return []
    // Once somebody has been served the breaker is closed, and what follows is traffic.
    const closedMs = served[countBelow(served, atMs)] ?? Number.POSITIVE_INFINITY
    const isTraffic = (next: number) => next > atMs && (next >= closedMs || (!requests && next >= fault.toMs))
    const end = moments.findIndex((next, n) => n > position && (isTraffic(next) || next - (moments[n - 1] ?? 0) > TOGETHER_MS))
    return [{ atMs, attempts: (end < 0 ? moments.length : end) - position }]
  })
}
