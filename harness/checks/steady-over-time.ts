// A30: what is over leaves nothing behind. Each call, each session and each refusal that keeps a little (38 KiB, a socket, a timer) is an
// outage with a date; a test of a minute sees only the slope.
//
// Looked at (growth.ts): the slope over the whole load from the steady phase on, and what each stress has left in the recovery after it,
// since what leaks on refusals only shows where refusals are many. Growth a call of the heap after collection, by its lowest reading of
// each second, of open handles and of sessions, where the target shows them: heapBytes (1 kB; heapQuickBytes, 4 kB, at quick scale, where
// calls are few), handles (0.05; handlesQuick, 0.2). Drift of what those get who are there all the time, once half a minute of steady and
// recovery phases was seen: latencyShare (0.2 of 1, + 20 ms) of the median, errorPoints (0.05 of 1). All ours. 95 % intervals of slopes
// (trend.ts), the extremes of differences. What may be there and be no leak (held.ts) leaves it unknown: sessions that the server keeps,
// connections of calls at once, garbage that nobody has collected, and memory of its processes, of which no runtime gives back all: from
// 128 MB an instance on, from 64 MB where no heap is shown (ours). Not modelled: growth of less than that outside the heap.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { quantileOf } from '../history/quantiles.ts'
import { intents, phaseOf, phasesOf, windowsOf } from '../history/queries.ts'
import { type Reading, together } from '../history/samples.ts'
import { bytes, ratio, share } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, percent, some, time, unknown } from './finding.ts'
import { growthOf, type Kind } from './growth.ts'
import { trendOf } from './trend.ts'

const WITNESSES = 20
const WINDOW_MS = 1_000
const LEAST_DRIFT_SECONDS = 30
const LATENCY_FLOOR_MS = 20
/** An instance whose heap is shown may take so much of the machine beside it, one whose is not so much in all. ours */
const MEMORY_FLOOR_BYTES = { beside: 128_000_000, alone: 64_000_000 }

export const steadyOverTime = check({
  code: 'A30',
  title: 'Nothing grows with the calls',
  why: 'Clients come and go for months. What each of them leaves behind, however little, ends in a heap that is full on a Sunday night.',
  remedy: {
    control: 'the sessions',
    do: 'Free in finally what a call has taken, on the way of the refusal too; keep sessions in a bounded map and let the idle ones expire (declared.sessionIdleMs says when); clear every timer.',
    runbook: 'INTERNAL',
  },
  source: 'RedPlanetHQ/core#869; enuno/unifi-mcp-server#173; prowler#12235; limits are ours',
  sort: 'statistical',
  needs: ['growth'],
  ofAllAgents: true,
  limits: {
    heapBytes: bytes(1_000),
    heapQuickBytes: bytes(4_000),
    handles: ratio(0.05),
    handlesQuick: ratio(0.2),
    latencyShare: share(0.2),
    errorPoints: share(0.05),
  },
  judge(history, limits) {
    const quick = history.plan.scale === 'quick'
    const showsHeap = together(history, 'heapBytes').length > 0
    const bytesACall = { limit: quick ? limits.heapQuickBytes : limits.heapBytes, unit: 'bytes a call', told: kilobytes }
    const kinds: Kind[] = [
      { series: 'heapBytes', what: 'the heap', ...bytesACall },
      { series: 'rssBytes', what: 'the memory of its processes', ...bytesACall, floor: MEMORY_FLOOR_BYTES[showsHeap ? 'beside' : 'alone'] },
      { series: 'handles', what: 'open handles', limit: quick ? limits.handlesQuick : limits.handles, unit: 'handles a call', told: few },
      { series: 'sessions', what: 'sessions', limit: quick ? limits.handlesQuick : limits.handles, unit: 'sessions a call', told: few },
    ]
    const grown = kinds.flatMap((kind) => growthOf(history, kind))
    if (grown.length === 0)
      return unknown('neither heap nor handles nor sessions were seen for long enough, or too few calls were answered')
    const found = [...grown, ...drift(history, limits)]
    const ordered = ['fail', 'unknown', 'pass'].flatMap((status) => found.filter((one) => one.status === status).toSorted(byExcess))
    const [worst] = ordered as [Finding, ...Finding[]]
    const told = worst.status === 'pass' ? ordered.slice(0, 1) : ordered.filter(({ status }) => status === worst.status)
    const others = found.length - told.length
    return {
      ...worst,
      says: `${told.map(({ says }) => says).join('; ')}${others > 0 ? ` (${some(others, 'other figure')} looked at)` : ''}`,
    }
  },
})

function byExcess(a: Finding, b: Finding): number {
  return (b.measured ?? 0) / (b.limit ?? 1) - (a.measured ?? 0) / (a.limit ?? 1)
}

/** What those get who are there all the time, while nobody else is. */
function drift(history: History, { latencyShare, errorPoints }: { latencyShare: number; errorPoints: number }): Finding[] {
  const steady = phaseOf(history, 'steady')
  if (!steady) return []
  const all = intents(history.calls)
  const quiet = [steady, ...phasesOf(history, 'recovery')].flatMap((phase) => windowsOf(all, phase, WINDOW_MS))
  const seconds = quiet.filter(({ planned }) => planned > 0)
  const medians = seconds.flatMap(({ fromMs, intents: inside }) => {
    const took = inside.flatMap(({ first, good }) => (good && first.endedAtMs !== undefined ? [first.endedAtMs - first.plannedAtMs] : []))
    return took.length === 0 ? [] : [{ atMs: fromMs, value: quantileOf(took, 0.5) }]
  })
  const errors = seconds.map(({ fromMs, good, planned }) => ({ atMs: fromMs, value: 1 - good / planned }))
  const before = medians.filter(({ atMs }) => atMs < steady.toMs).map(({ value }) => value)
  const slowest = quantileOf(before, 0.5) * latencyShare + LATENCY_FLOOR_MS
  return [
    ...moved(history, medians, { what: 'the median answer', limit: slowest, unit: 'ms', told: time }),
    ...moved(history, errors, { what: 'the share of bad answers', limit: errorPoints, unit: 'of 1', told: percent }),
  ]
}

/** From the steady phase to the end. */
function moved(history: History, readings: readonly Reading[], { what, limit, unit, told }: Omit<Kind, 'series'>): Finding[] {
  const trend = readings.length < LEAST_DRIFT_SECONDS || !(limit > 0) ? undefined : trendOf(readings, history.plan.seed)
  if (!trend) return []
  const lengthMs = history.plan.endsAtMs - (phaseOf(history, 'steady')?.fromMs ?? 0)
  const measured = trend.perMs * lengthMs
  const interval: [number, number] = [trend.interval[0] * lengthMs, trend.interval[1] * lengthMs]
  const status = interval[0] > limit ? 'fail' : interval[1] <= limit ? 'pass' : 'unknown'
  const says = `${what} moved by ${told(measured)} (${told(interval[0])} to ${told(interval[1])}) from the steady phase to the end`
  const witnesses = indexes(status === 'fail' ? latestOf(history) : [])
  return [{ status, measured, interval, limit, unit, samples: readings.length, says, witnesses }]
}

/** Of the measured agents, at the end. */
function latestOf({ calls }: History): Call[] {
  const late = calls.filter(({ hostile, phase }) => !hostile && phase === 'recovery')
  return late.sort((a, b) => tookMs(b) - tookMs(a)).slice(0, WITNESSES)
}

/** Bad ones took longest. */
function tookMs({ sentAtMs, endedAtMs, good }: Call): number {
  return good && endedAtMs !== undefined ? endedAtMs - sentAtMs : Number.MAX_VALUE
}

function kilobytes(value: number): string {
  return Math.abs(value) < 1_000 ? `${Math.round(value)} bytes` : `${Math.round(value / 100) / 10} kB`
}

function few(value: number): string {
  return String(Math.round(value * 1_000) / 1_000)
}
