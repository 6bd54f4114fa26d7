// A12: a breaker counts what is the dependency's fault, nothing else. One that counts bad arguments, a 404 of the API behind
// or an error that a tool reports lets one careless agent shut the tool for everybody, while nothing is broken.
//
// No limits: one opening while nothing is broken is a fail; one second after a heal is left out, a probe more may be on its way. One that a
// fault opened, or that was open before the first call, may stay open for as long as it likes: that is recovers. By the breaker's own metric
// where the target shows it (a series that never once read closed while calls were served is read the wrong way round, or belongs to nothing
// that they need: unknown); else by calls refused because of a dependency (503, or told in a result or an error that names its wait: without
// one it may be a failure of this call alone) while none was broken, and after others were served since the last fault: inferred, and
// unknown where no three of a role come in a row, since an open breaker serves nobody. A machine that stood still took the dependency along:
// what opened then has its reason. Not modelled: breakers that open for their own tests, and a dependency that fails by itself.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { breakerOpenMs, causesOf } from '../history/queries.ts'
import { type Point, points } from '../history/samples.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { bodyWaitMs } from '../history/wait.ts'
import { check } from './check.ts'
import { indexes, some, time, unknown } from './finding.ts'

const WITNESSES = 20
const AFTER_HEAL_MS = 1_000
/** Readings that make an always. ours */
const ALWAYS_LEAST = 10
/** Refusals in a row that are no failures of single calls. ours */
const IN_A_ROW = 3

export const breakerNotFooled = check({
  code: 'A12',
  title: 'A breaker opens for its dependency’s failures only',
  why: 'A breaker that counts bad arguments is a switch in the hands of every agent: a few mistakes, and nobody has the tool.',
  remedy: {
    control: 'breaker',
    do: 'Count failures of transport and of the dependency itself; leave out bad arguments, answers of 4xx and errors that a tool reports.',
    runbook: 'DEPENDENCY_UNAVAILABLE',
  },
  source: 'hermes-agent#11113',
  sort: 'exact',
  needs: ['responses'],
  limits: {},
  judge(history) {
    const metered = points(history, 'breakerOpen')
    return metered.length > 0 ? byMetric(history, metered) : byAnswers(history)
  },
})

function byMetric(history: History, metered: readonly Point[]) {
  const nothingBroken = calmOf(history)
  const firstMs = history.calls[0]?.sentAtMs ?? 0
  const calm = (atMs: number) => atMs >= firstMs && nothingBroken(atMs)
  const breakers = [...Map.groupBy(metered, ({ series }) => series).values()]
  const fooled = breakers.flatMap((readings) => openedInCalm(readings, calm)).sort((a, b) => a.atMs - b.atMs)
  const [first] = fooled
  const shown = { measured: fooled.length, limit: 0, unit: 'readings of an open breaker', samples: metered.length }
  const served = history.calls.filter((call) => call.class === 'served' && call.role !== 'handshake')
  const stuck = breakers.filter(neverClosed).map(([reading]) => reading?.series)
  if (stuck.length > 0 && served.length > 0 && fooled.every(({ series }) => stuck.includes(series)))
    return unknown(
      `${stuck.join(', ')} was open in every reading, while ${some(served.length, 'call')} were served: mend observe.metrics.breakerOpen, or see what never closes it`,
      shown,
    )
  if (!first)
    return { ...shown, status: 'pass' as const, says: `in none of ${some(metered.length, 'reading')} was it open while nothing was broken` }
  const mistakes = mistakesBefore(history, first)
  return {
    ...shown,
    status: 'fail' as const,
    timed: true,
    says: `${first.series} was open at ${time(first.atMs)} while nothing was broken${mistakes.length > 0 ? `, after ${some(mistakes.length, 'call')} with bad arguments` : ''}`,
    witnesses: indexes(mistakes.length > 0 ? mistakes : causesOf(history.calls, first.atMs, WITNESSES)),
  }
}

/** The last of those who need what the breaker is for, where a label of its series says that; else of all. */
function mistakesBefore({ calls, plan }: History, { series, atMs }: Point): Call[] {
  const before = calls.filter((call) => call.class === 'invalid' && call.sentAtMs <= atMs)
  const needs = ({ role }: Call) => (role === 'handshake' ? [] : (plan.roles[role]?.needs ?? []))
  const own = before.filter((call) => needs(call).some((need) => series.includes(`"${need.split(':')[0]}"`)))
  return (own.length > 0 ? own : before).slice(-WITNESSES)
}

function neverClosed(readings: readonly Point[]): boolean {
  return readings.length >= ALWAYS_LEAST && readings.every(({ value }) => value === 1)
}

/** Open in calm, less the readings of one that something else had opened and that has not closed since: a fault, or whatever was before us. */
function openedInCalm(readings: readonly Point[], calm: (atMs: number) => boolean): Point[] {
  let excused = false
  return readings.filter(({ value, atMs }) => {
    excused = value === 1 && (excused || !calm(atMs))
    return value === 1 && !excused
  })
}

function byAnswers(history: History) {
  const nothingBroken = calmOf(history)
  const closed = servedSince(history)
  const refused = history.calls.filter(
    (call) => call.class === 'dependency' && isTurnedAway(call) && nothingBroken(call.sentAtMs) && closed(call),
  )
  const shown = {
    measured: refused.length,
    limit: 0,
    unit: 'calls refused for a dependency',
    samples: history.calls.length,
    evidence: 'inferred' as const,
  }
  const [first] = refused
  if (!first) return { ...shown, status: 'pass' as const, says: 'no call was refused for a dependency while nothing was broken' }
  const says = `${some(refused.length, 'call')} refused because of a dependency while nothing was broken, first at ${time(first.sentAtMs)}`
  const witnesses = indexes(refused.slice(0, WITNESSES))
  if (longestRow(history, new Set(refused)) < IN_A_ROW)
    return unknown(`${says}, never ${IN_A_ROW} in a row: an open breaker refuses all, so each may have failed by itself`, {
      ...shown,
      witnesses,
    })
  return { ...shown, status: 'fail' as const, timed: true, says, witnesses }
}

/** Most of them in a row, nobody of their role being served between. */
function longestRow({ calls }: History, refused: ReadonlySet<Call>): number {
  let longest = 0
  for (const own of Map.groupBy(calls, ({ role }) => role).values()) {
    let row = 0
    for (const call of own) {
      if (call.class === 'served') row = 0
      else if (refused.has(call)) longest = Math.max(longest, ++row)
    }
  }
  return longest
}

/** A breaker knows when it will try again, a failure does not. What is away by its words alone may be so for another reason. */
function isTurnedAway({ evidence, by }: Call): boolean {
  return by === 'direct' && (evidence.status === 503 || bodyWaitMs(evidence) !== undefined)
}

/** Tells of a call whether its role has been served since the last fault before it: until then it may meet what that fault opened. */
function servedSince(history: History): (call: Call) => boolean {
  const overMs = faultsOf(history).map((fault) => fault.overMs)
  const served = history.calls.filter(({ outcome, endedAtMs }) => outcome === 'ok' && endedAtMs !== undefined)
  const byRole = new Map(
    [...Map.groupBy(served, ({ role }) => role)].map(([role, calls]) => [role, ascending(calls, ({ endedAtMs = 0 }) => endedAtMs)]),
  )
  return ({ role, sentAtMs }) => {
    const lastMs = Math.max(...overMs.filter((atMs) => atMs < sentAtMs))
    const ends = byRole.get(role) ?? []
    return !Number.isFinite(lastMs) || countBelow(ends, sentAtMs) > countBelow(ends, lastMs)
  }
}

/** Tells of a moment whether nothing was broken then, and the machine went on. */
function calmOf(history: History): (atMs: number) => boolean {
  const stills = (history.without ?? []).map(({ fromMs, toMs }) => ({ fromMs, overMs: toMs }))
  const broken = [...faultsOf(history), ...stills]
  const afterMs = breakerOpenMs(history) + AFTER_HEAL_MS
  return (atMs) => broken.every(({ fromMs, overMs }) => atMs < fromMs || atMs > overMs + afterMs)
}
