// A10: when a dependency is gone, the server stops knocking soon, and then refuses at once. Counted where it cannot be told
// otherwise: connection attempts at the harness's proxy, requests at the upstream stub. Open is the earliest moment after which attempts
// stay within a few probes an open interval (or a tenth of the calls that need the dependency, for servers whose health checks knock too).
// One that stays open for longer than the outage is told from silence after as long as it may take to open.
//
// Limits: failures before it (default 20 a breaker, plus one for each pooled connection to Postgres, since those fail together) or withinMs
// of the first failed attempt (5 s; withinQuickMs, 2 s, at quick scale: at its 38 calls a second 5 s are 190 failures, far more than any
// count); probes an open interval (declared.breakerProbes, else 1; and one to spare); fastMs, p95 of refusals once open (100 ms);
// leastCalls after it, to tell an open breaker from agents that do not ask (20). All ours. An API that hangs is dead too, but nobody can
// know it before the first deadline: looked at where the hang lasts long enough for that. Without a link: inferred from
// failures that become fast. Not modelled: how it closes again (recovers, breaker-recovers).
import type { Call } from '../history/event.ts'
import type { FaultRecord } from '../history/faults.ts'
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { breakersOf, instancesOf } from '../history/instances.ts'
import { quantileOf } from '../history/quantiles.ts'
import { attemptsAt, breakerOpenMs, refusedBefore, wayMs } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import { count, milliseconds } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, time, unknown, worst } from './finding.ts'
import { opening } from './opening.ts'
import { pastBreaker } from './past-breaker.ts'
import { silenceMs, takenAway } from './taken-away.ts'

const WITNESSES = 20

export const breakerOpens = check({
  code: 'A10',
  title: 'The server stops knocking at a dead dependency',
  why: 'Every attempt at a dead dependency costs a slot and time, and thousands of them meet it when it comes back.',
  remedy: {
    control: 'breaker',
    do: 'Put a breaker around the dependency that counts connection failures at the rate agents really call, opens after a few of them, and refuses at once with 503 and the time left until its next probe.',
    runbook: 'DEPENDENCY_UNAVAILABLE',
  },
  source: 'seed 2, "Backpressure and Failure Policy"; Nygard, Release It!; limits are ours',
  sort: 'event',
  needs: ['responses'],
  ofAllAgents: true,
  limits: {
    failures: count(20),
    withinMs: milliseconds(5_000),
    withinQuickMs: milliseconds(2_000),
    probes: count(1, { from: 1, to: 1_000 }),
    fastMs: milliseconds(100),
    leastCalls: count(20, { from: 1, to: 1_000_000 }),
  },
  judge(history, limits) {
    const withinMs = history.plan.scale === 'quick' ? limits.withinQuickMs : limits.withinMs
    const quietMs = silenceMs(history, withinMs)
    const found = takenAway(history, withinMs).map(([fault, knownAfterMs]) =>
      judgeFault(history, fault, { ...limits, quietMs, withinMs: withinMs + knownAfterMs }),
    )
    if (found.length === 0) return notExercised('no fault of the plan takes a dependency away wholly, and for long enough')
    return worst(found)
  },
})

interface Limits {
  failures: number
  withinMs: number
  quietMs: number
  probes: number
  fastMs: number
  leastCalls: number
}

function judgeFault(history: History, fault: FaultRecord, limits: Limits): Finding {
  const { dependency } = fault
  if (dependency === undefined) return unknown(`${fault.fault} was never injected`)
  const asked = needing(history, dependency).filter((call) => isIn(call, fault) && !refusedBefore(call))
  const seen = history.manifest.offers[`link:${dependency}`] === true
  return seen ? byAttempts(history, fault, dependency, asked, limits) : bySpeed(history, fault, asked, limits)
}

function byAttempts(history: History, fault: FaultRecord, dependency: string, asked: Call[], limits: Limits): Finding {
  const { declared } = history.manifest
  const breakers = breakersOf(history, dependency)
  const openMs = breakerOpenMs(history)
  const attempts = attemptsAt(history, dependency).filter(({ atMs }) => atMs >= fault.fromMs && atMs <= fault.toMs)
  const moments = attempts.map(({ atMs }) => atMs)
  const allowedProbes = ((declared.breakerProbes ?? limits.probes) + 1) * breakers
  const openedAtMs = opening(moments, { fromMs: fault.fromMs, toMs: fault.toMs, intervalMs: openMs, allowed: allowedProbes, asked })
  const before = moments.filter((atMs) => atMs <= openedAtMs)
  const firstMs = attempts.find(({ refused = true }) => refused)?.atMs ?? fault.fromMs
  const pooled = dependency === 'postgres' ? (declared.poolMax ?? 0) * instancesOf(history) : 0
  const allowed = limits.failures * breakers + pooled
  const shown = { measured: before.length, limit: allowed, unit: 'attempts before it opened', samples: attempts.length }
  if (fault.toMs - openedAtMs < limits.quietMs)
    return neverOpened(history, fault, asked, { ...shown, measured: attempts.length, unit: 'attempts' }, fault.toMs - firstMs, limits)
  const after = asked.filter(({ sentAtMs }) => sentAtMs > openedAtMs)
  if (after.length < limits.leastCalls)
    return unknown(
      `only ${some(after.length, 'call')} needed ${dependency} once attempts had stopped: too few to tell a breaker from silence`,
      shown,
    )
  const answered = after.filter(({ evidence }) => (evidence.status ?? 0) > 0)
  if (answered.length < limits.leastCalls)
    return unknown(
      `${some(answered.length, 'call')} of ${after.length} got an answer once attempts had stopped: a server that is gone knocks no more either`,
      shown,
    )
  const tookMs = Math.max(0, openedAtMs - firstMs)
  const late = before.length > allowed && tookMs > limits.withinMs
  const says = `${some(before.length, 'attempt')} at ${dependency} in ${time(tookMs)}, then it stopped knocking (${moments.length - before.length} more in ${time(fault.toMs - openedAtMs)})`
  if (late)
    return {
      ...shown,
      status: 'fail',
      says: `${says}; allowed are ${allowed} attempts or ${time(limits.withinMs)}`,
      witnesses: slowestFirst(before.length > 0 ? asked.filter(({ sentAtMs }) => sentAtMs <= openedAtMs) : asked),
      advice: advice(history, limits),
    }
  // Beyond the count, yet soon enough: a distance to the count would say nothing of how it passed, nor of how slow it was.
  const { limit: _limit, ...uncounted } = shown
  const slow = slowRefusals(after, { probes: moments.length - before.length, fastMs: limits.fastMs, way: wayMs(history) })
  if (slow) return { ...uncounted, status: 'fail', says: `${says}; but then ${slow.text}`, witnesses: slowestFirst(slow.calls) }
  const metric = points(history, 'breakerOpen').filter(({ atMs }) => atMs > openedAtMs + 1_000 && atMs < fault.toMs)
  if (metric.length >= 2 && metric.every(({ value }) => value !== 1))
    return unknown(`${says}; but its own metric never showed the breaker open`, shown)
  if (before.length > allowed)
    return { ...uncounted, status: 'pass', says: `${says}; allowed are ${allowed} attempts or ${time(limits.withinMs)}` }
  return { ...shown, status: 'pass', says }
}

function neverOpened(
  history: History,
  fault: FaultRecord,
  asked: Call[],
  shown: Partial<Finding> & { measured: number; limit: number },
  triedMs: number,
  limits: Limits,
): Finding {
  const says = `${some(shown.measured, 'attempt')} at ${fault.dependency} in ${time(triedMs)}, to the end of the outage`
  if (shown.measured <= shown.limit) return unknown(`${says}: too few to tell`, shown)
  if (triedMs <= limits.withinMs)
    return unknown(`${says}: the outage was too short, ${time(limits.withinMs + limits.quietMs)} would tell`, shown)
  return {
    samples: 0,
    ...shown,
    status: 'fail',
    says: `${says}; allowed are ${shown.limit} attempts or ${time(limits.withinMs)}`,
    witnesses: slowestFirst(asked),
    ...(pastBreaker(history, fault) ?? { advice: advice(history, limits) }),
  }
}

const UNSEEN = '; whether a breaker or a refused connection made them so cannot be seen from outside'

/** Without a link: an open breaker shows in failures that are fast. A refused connection can be fast by itself: inferred. */
function bySpeed(history: History, fault: FaultRecord, asked: Call[], limits: Limits): Finding {
  const failed = asked.filter(({ outcome }) => outcome !== 'ok')
  const shown = { limit: limits.withinMs, unit: 'ms', samples: failed.length, evidence: 'inferred' as const }
  const latestMs = fault.toMs - limits.quietMs
  const way = wayMs(history)
  for (let atMs = fault.fromMs; atMs <= latestMs; atMs += 250) {
    const after = failed.filter(({ sentAtMs }) => sentAtMs >= atMs)
    if (after.length < limits.leastCalls) break
    if (slowRefusals(after, { probes: 0, fastMs: limits.fastMs, way })) continue
    const tookMs = atMs - fault.fromMs
    const status = tookMs <= limits.withinMs ? 'pass' : 'fail'
    return {
      ...shown,
      status,
      measured: tookMs,
      says: `failures were fast from ${time(tookMs)} after the outage began${status === 'pass' ? UNSEEN : ''}`,
      ...(status === 'fail' && { witnesses: slowestFirst(failed), advice: advice(history, limits) }),
    }
  }
  if (failed.length < limits.leastCalls) return unknown(`only ${some(failed.length, 'call')} failed: too few to tell`, shown)
  if (fault.toMs - fault.fromMs < limits.withinMs + limits.quietMs) return unknown('the outage was too short to tell', shown)
  return {
    ...shown,
    status: 'fail',
    says: 'failures stayed slow to the end of the outage',
    witnesses: slowestFirst(failed),
    advice: advice(history, limits),
  }
}

/** The slowest `probes` may be slow: they are the probes themselves. The way to a server far away is no slowness of it. */
function slowRefusals(
  after: readonly Call[],
  { probes, fastMs, way }: { probes: number; fastMs: number; way: number },
): { text: string; calls: Call[] } | undefined {
  const timed = after.filter(({ outcome }) => outcome !== 'ok').sort((a, b) => took(b) - took(a))
  const refused = timed.slice(probes)
  if (refused.length === 0) return undefined
  const p95Ms = quantileOf(
    refused.map((call) => took(call) - (call.server?.durationMs === undefined ? way : 0)),
    0.95,
  )
  if (p95Ms <= fastMs) return undefined
  return { text: `refusals took ${time(Math.min(p95Ms, 3_600_000))} (p95), allowed are ${time(fastMs)}`, calls: refused }
}

function took(call: Call): number {
  return call.server?.durationMs ?? (call.endedAtMs === undefined ? 3_600_000 : call.endedAtMs - call.sentAtMs)
}

function isIn(call: Call, span: { fromMs: number; toMs: number }): boolean {
  return call.sentAtMs >= span.fromMs && call.sentAtMs <= span.toMs
}

function slowestFirst(calls: readonly Call[]): number[] {
  return indexes([...calls].sort((a, b) => took(b) - took(a)).slice(0, WITNESSES))
}

function advice({ plan }: History, limits: Limits): NonNullable<Finding['advice']> {
  const present = plan.settings.breakerFailures
  return [
    {
      setting: 'BREAKER_FAILURES',
      ...(present !== undefined && { present: String(present) }),
      suggested: String(Math.min(present ?? limits.failures, limits.failures)),
    },
  ]
}
