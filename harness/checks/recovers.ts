// A1: once the stress is over, do agents get what they got before, soon? Overload that outlives its cause is the failure that
// takes a service down for hours: retries, full queues and stuck breakers keep it there. Time counts from the verified heal
// of the last fault of a window (never from its start); without a fault, from the end of the stress.
//
// Limits: withinMs (default 30 s) and withinQuickMs (8 s, at quick scale); goodShare of the steady phase's share (default 0.95 of
// 1); windows of 1 s in a row (default 3). All ours. Windows in which nothing was planned are passed over, and where some calls fail on
// a quiet day too, as many as chance makes of them are none too many. As many low windows after the return, in a row or so that all of the
// rest is low with them, are a relapse, and a fail: what comes back and dies of the backlog has not recovered, nor has a breaker that
// flaps. So is an agent or a role that alone gets nothing good any more.
// Agents that did not ask in the steady phase are left out: there is nothing that they could have back, and who came to storm may still be
// refused for it. Not modelled: capacity.
import { type Tally, totalOf } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { intentsOfRegulars } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { goodIn, type Intent, phaseOf, phasesOf, type Window, windowsOf } from '../history/queries.ts'
import { count, milliseconds, share } from '../parameters.ts'
import type { Phase } from '../plan/plan.ts'
import { remedyFor } from './cause.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, percent, some, time, unknown, worst } from './finding.ts'
import { type LeftOut, leftOut } from './good-share.ts'

const WINDOW_MS = 1_000
const WITNESSES = 20

export const recovers = check({
  code: 'A1',
  title: 'Agents get their answers again soon after the stress ends',
  why: 'A server that stays down after its cause is gone needs a person to save it, and agents that keep asking hold it down.',
  remedy: {
    control: 'recovery',
    do: 'Let nothing outlive its cause: a breaker probes after a short open time and closes on the first success; queues are bounded and drop what waited past its deadline; what a call held is given back.',
  },
  source: 'metastable failures, HotOS 2021, OSDI 2022; limits are ours',
  sort: 'event',
  comparesWithBaseline: true,
  needs: ['responses'],
  limits: {
    withinMs: milliseconds(30_000),
    withinQuickMs: milliseconds(8_000),
    goodShare: share(0.95),
    windows: count(3, { from: 1, to: 60 }),
  },
  judge(history, limits) {
    const withinMs = history.plan.scale === 'quick' ? limits.withinQuickMs : limits.withinMs
    const steady = phaseOf(history, 'steady')
    const recoveries = phasesOf(history, 'recovery')
    if (!steady || recoveries.length === 0) return notExercised('the plan has no steady phase, or no recovery to look at')
    const all = intentsOfRegulars(history)
    const baseline = goodIn(all, steady)
    if (!(baseline.share > 0)) return unknown('nothing was good in the steady phase: there is nothing to come back to')
    const need = { share: limits.goodShare * baseline.share, windows: limits.windows, withinMs, steady, usual: baseline.share }
    const found = recoveries.map((recovery) => ({ ...returnTo(history, all, recovery, need), limit: withinMs, unit: 'ms' }))
    return worst(found, slowest(found))
  },
})

function slowest(found: Finding[]): Finding {
  return found.reduce((one, next) => ((next.measured ?? 0) > (one.measured ?? 0) ? next : one))
}

interface Need {
  share: number
  windows: number
  withinMs: number
  steady: Phase
  /** Of the steady phase, of 1. */
  usual: number
}

/** None was good, or fewer than need be, by more than chance (two standard deviations) makes of what usually fails. */
function isLow({ good, planned }: Tally, { share, usual }: Need): boolean {
  const failing = planned * (1 - usual)
  return good === 0 || (good / planned < share && planned - good > failing + 2 * Math.sqrt(failing * usual))
}

function returnTo(history: History, all: readonly Intent[], recovery: Phase, need: Need): Finding {
  const end = endOfStress(history, recovery)
  if ('missing' in end) return unknown(end.missing)
  const windows = windowsOf(all, { fromMs: end.atMs, toMs: recovery.toMs }, WINDOW_MS).filter(({ planned }) => planned > 0)
  const samples = windows.reduce((sum, window) => sum + window.planned, 0)
  if (samples === 0) return unknown(`no call was planned after ${end.what}`)
  const low = (window: Window) => isLow(window, need)
  const back = inARow(windows, need.windows, (window) => !low(window))
  const [start, last] = [back?.[0], back?.at(-1)]
  if (start && last && last.toMs - end.atMs <= need.withinMs) {
    const rest = windows.slice(windows.indexOf(last) + 1)
    const again = inARow(rest, need.windows, low)
    if (again) return relapsed(history, end, start, { low: again, says: `${some(need.windows, 'second')} in a row` }, need, samples)
    const now = rest.filter(low)
    if (now.length >= need.windows && isLow(totalOf(rest), need))
      return relapsed(history, end, start, { low: now, says: `${now.length} of ${some(rest.length, 'second')}` }, need, samples)
    const stretches = [need.steady, { fromMs: start.fromMs, toMs: recovery.toMs }] as const
    const left = leftOut(all, stretches, ({ agent }) => agent, 0) ?? leftOut(all, stretches, ({ role }) => role, 0)
    if (left) return notAll(history, left, { watchedMs: recovery.toMs - end.atMs, what: end.what, samples }, need)
    const tookMs = Math.round(start.fromMs - end.atMs)
    const when = tookMs === 0 ? 'at once' : `within ${time(tookMs)}`
    return {
      status: 'pass',
      measured: tookMs,
      samples,
      says: `${when} after ${end.what} agents got at least ${percent(need.share)} good answers again`,
    }
  }
  const bad = windows.filter((window) => low(window) && window.toMs - end.atMs <= need.withinMs)
  const lastBad = bad.at(-1)
  const decided = lastBad !== undefined && lastBad.toMs + need.windows * WINDOW_MS - end.atMs > need.withinMs
  if (!decided)
    return unknown(`the recording ends before it is clear: ${some(windows.length, 'window')} of 1 s after ${end.what}`, { samples })
  return notBack(history, end, windows, bad, need, samples)
}

/** The first `length` neighbours that are all so. */
function inARow(windows: readonly Window[], length: number, so: (window: Window) => boolean): Window[] | undefined {
  const first = windows.findIndex((_, i) => i + length <= windows.length && windows.slice(i, i + length).every(so))
  return first < 0 ? undefined : windows.slice(first, first + length)
}

interface Relapse {
  low: readonly Window[]
  /** How many seconds. */
  says: string
}

function relapsed(history: History, end: End, back: Window, { low, says }: Relapse, need: Need, samples: number): Finding {
  const missed = missedIn(low)
  const [from, to] = [low[0]?.fromMs ?? end.atMs, low.at(-1)?.toMs ?? end.atMs]
  return {
    status: 'fail',
    timed: true,
    measured: Math.round(to + need.windows * WINDOW_MS - end.atMs),
    samples,
    ...remedied(history, missed),
    says: `it came back, and went down again at ${time(from)}: good answers from ${time(back.fromMs - end.atMs)} after ${end.what}, then ${says} under ${percent(need.share)}; most failed as ${mostCommon(missed.map((call) => call.class))}`,
    witnesses: indexes(missed.slice(0, WITNESSES)),
  }
}

/** The others came back, these did not. */
function notAll(
  history: History,
  { who, planned, bad }: LeftOut,
  { watchedMs, what, samples }: { watchedMs: number; what: string; samples: number },
  { windows, withinMs }: Need,
): Finding {
  const tookMs = Math.round(watchedMs + windows * WINDOW_MS)
  const says = `after ${what} the others got good answers again, but ${who} none: ${some(planned, 'call')}, most failed as ${mostCommon(bad.map((call) => call.class))}`
  if (tookMs <= withinMs) return unknown(`${says}; the recording ends before it is clear`, { samples })
  return {
    status: 'fail',
    timed: true,
    measured: tookMs,
    samples,
    says,
    witnesses: indexes(bad.slice(0, WITNESSES)),
    ...remedied(history, bad),
  }
}

function missedIn(windows: readonly Window[]): Call[] {
  return windows.flatMap((window) => window.intents.filter(({ good }) => !good).map(({ first }) => first))
}

function notBack(history: History, end: End, windows: Window[], bad: Window[], need: Need, samples: number): Finding {
  const missed = missedIn(bad.toReversed())
  const tail = windows.slice(-need.windows)
  const good = tail.reduce((sum, window) => sum + window.good, 0)
  const planned = tail.reduce((sum, window) => sum + window.planned, 0)
  return {
    status: 'fail',
    timed: true,
    // At least: the earliest moment at which it could have been back.
    measured: Math.round((bad.at(-1)?.toMs ?? end.atMs) + need.windows * WINDOW_MS - end.atMs),
    samples,
    says: `${time(need.withinMs)} after ${end.what} agents still had not ${some(need.windows, 'second')} in a row with ${percent(need.share)} good answers: the last had ${percent(good / planned)}; most failed as ${mostCommon(missed.map((call) => call.class))}`,
    witnesses: indexes(missed.slice(0, WITNESSES)),
    ...remedied(history, missed, need.withinMs),
  }
}

/** How long a breaker stays open is worth a word only where one read open. */
function remedied(history: History, missed: readonly Call[], withinMs?: number): Pick<Finding, 'remedy' | 'advice'> {
  const remedy = remedyFor(history, missed)
  const openMs = history.manifest.declared.breakerOpenMs
  if (!remedy) return {}
  if (remedy.control !== 'breaker' || openMs === undefined || withinMs === undefined) return { remedy }
  const suggested = String(Math.min(openMs, Math.round(withinMs / 4)))
  return { remedy, advice: [{ setting: 'BREAKER_OPEN_MS', present: String(openMs), suggested }] }
}

interface End {
  atMs: number
  what: string
}

/** The verified heal of the last fault of this recovery's window, or the end of its stress. */
function endOfStress({ plan, ...history }: History, recovery: Phase): End | { missing: string } {
  const stress = plan.phases.findLast((phase) => phase.name === 'stress' && phase.toMs <= recovery.fromMs)
  const faults = faultsOf({ plan, ...history }).filter(({ window }) => window === (recovery.window ?? stress?.window))
  if (faults.length === 0) return { atMs: stress?.toMs ?? recovery.fromMs, what: 'the end of the stress' }
  const unhealed = faults.find(({ healed }) => !healed)
  if (unhealed) return { missing: `${unhealed.fault} was never seen healed: there is no moment to count from` }
  return { atMs: Math.max(...faults.map(({ healed }) => healed?.atMs ?? 0)), what: 'the heal' }
}

function mostCommon(words: string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'late'
}
