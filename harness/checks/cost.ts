// What a call costs, in a stretch of the run and in the one before: CPU and log by the call, second by second; the heap as it is. Pure.
// A call counts in the second in which it was answered.
import { ratioInterval, type Tally } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { quantileOf } from '../history/quantiles.ts'
import { points } from '../history/queries.ts'
import type { Finding } from './check.ts'
import { indexes } from './finding.ts'

const WITNESSES = 20
const WINDOW_MS = 1_000
const LEAST_CALLS = 100
const LEAST_READINGS = 5

export interface Cost {
  what: 'CPU' | 'log' | 'heap'
  finding: Finding
}

interface Span {
  fromMs: number
  toMs: number
}

interface PerCall {
  what: 'CPU' | 'log'
  /** In a stretch; undefined where it was not seen. */
  used: (span: Span) => number | undefined
  /** Times the cost before. */
  limit: number
  /** And at most so much a call. */
  most?: number
  told: (each: number) => string
}

/** Nothing, when it was not seen or fewer than 100 calls were answered in one of the two. */
export function perCall(answered: readonly Call[], [before, under]: [Span, Span], { what, used, limit, most, told }: PerCall): Cost[] {
  const [calm, busy] = [secondsOf(answered, before, used), secondsOf(answered, under, used)]
  const [usual, now] = [eachOf(calm), eachOf(busy)]
  if (Math.min(count(calm), count(busy)) < LEAST_CALLS || !(usual > 0)) return []
  const interval = ratioInterval(busy, calm, count(calm)) ?? [now / usual, now / usual]
  const dearer = interval[0] > limit
  const tooMuch = most !== undefined && now > most
  const status = dearer || tooMuch ? 'fail' : interval[1] <= limit ? 'pass' : 'unknown'
  const allowed = `, allowed are ${limit} times that${most === undefined ? '' : ` and ${told(most)}`}`
  const byRatio = { measured: now / usual, interval, limit, unit: `× the ${what} of a call before` }
  const [dearest] = busy.toSorted((a, b) => b.good / b.planned - a.good / a.planned)
  const finding: Finding = {
    ...(tooMuch && !dearer ? { measured: now, limit: most, unit: 'bytes of log a call' } : byRatio),
    status,
    samples: count(busy),
    says: `a call cost ${told(now)} under stress and ${told(usual)} before${status === 'pass' ? '' : allowed}`,
    witnesses: indexes(status === 'fail' ? (dearest?.calls ?? []).slice(0, WITNESSES) : []),
  }
  return [{ what, finding }]
}

/** `good` is what was used, `planned` for how many calls. */
interface Second extends Tally {
  calls: Call[]
}

function secondsOf(answered: readonly Call[], { fromMs, toMs }: Span, used: (span: Span) => number | undefined): Second[] {
  const bySecond = Map.groupBy(answered, ({ endedAtMs = 0 }) => Math.floor((endedAtMs - fromMs) / WINDOW_MS))
  const whole = Math.floor((toMs - fromMs) / WINDOW_MS)
  return Array.from({ length: whole }, (_, n) => n).flatMap((n): Second[] => {
    const calls = bySecond.get(n) ?? []
    const good = used({ fromMs: fromMs + n * WINDOW_MS, toMs: fromMs + (n + 1) * WINDOW_MS })
    return good === undefined || calls.length === 0 ? [] : [{ good, planned: calls.length, calls }]
  })
}

function count(seconds: readonly Second[]): number {
  return seconds.reduce((sum, { planned }) => sum + planned, 0)
}

function eachOf(seconds: readonly Second[]): number {
  return seconds.reduce((sum, { good }) => sum + good, 0) / count(seconds)
}

/** Of all instances. Sizes are read now and then, so what grew between two readings is spread evenly over the time between. */
export function logBytesIn(history: History, { fromMs, toMs }: Span): number | undefined {
  let grown: number | undefined
  for (const readings of Map.groupBy(points(history, 'logBytes'), ({ series }) => series).values()) {
    readings.forEach(({ atMs, value }, position) => {
      const before = readings[position - 1]
      if (!before) return
      const insideMs = Math.min(toMs, atMs) - Math.max(fromMs, before.atMs)
      // A file that was begun anew.
      const more = value >= before.value ? value - before.value : value
      if (insideMs > 0) grown = (grown ?? 0) + (more * insideMs) / (atMs - before.atMs)
    })
  }
  return grown
}

interface HeapLimits {
  heapRatio: number
  heapFloorBytes: number
}

export function heapCost(history: History, [before, under]: [Span, Span], { heapRatio: limit, heapFloorBytes }: HeapLimits): Cost[] {
  const [calm, busy] = [heapIn(history, before), heapIn(history, under)]
  if (Math.min(calm.length, busy.length) < LEAST_READINGS) return []
  const [usual, now] = [quantileOf(calm, 0.5), quantileOf(busy, 0.5)]
  const tallies = (sizes: readonly number[]): Tally[] => sizes.map((size) => ({ good: size, planned: 1 }))
  const interval = ratioInterval(tallies(busy), tallies(calm), calm.length) ?? [now / usual, now / usual]
  const small = now - usual < heapFloorBytes
  const status = small || interval[1] <= limit ? 'pass' : interval[0] > limit ? 'fail' : 'unknown'
  const inside = history.calls.filter(({ sentAtMs }) => sentAtMs >= under.fromMs && sentAtMs < under.toMs)
  const finding: Finding = {
    status,
    measured: now / usual,
    interval,
    limit,
    unit: '× the heap before',
    samples: busy.length,
    says: `the heap held ${megabytes(now)} under stress and ${megabytes(usual)} before`,
    witnesses: indexes(status === 'fail' ? inside.slice(-WITNESSES) : []),
  }
  return [{ what: 'heap', finding }]
}

function heapIn(history: History, { fromMs, toMs }: Span): number[] {
  return points(history, 'heapBytes').flatMap(({ atMs, value }) => (atMs >= fromMs && atMs < toMs ? [value] : []))
}

/** 1.25 → 1.3. */
export function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

/** 640 → "640 bytes", 12,340 → "12.3 kB". */
export function kilobytes(size: number): string {
  return size < 1_000 ? `${Math.round(size)} bytes` : `${tenths(size / 1_000)} kB`
}

function megabytes(size: number): string {
  return `${tenths(size / 1_000_000)} MB`
}
