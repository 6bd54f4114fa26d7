// What a call costs, in a stretch of the run and in the one before: CPU and log by the call, second by second; the heap as it is. Pure.
// A call counts in the second in which it was answered.
import { ratioInterval, type Tally } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { onceEach } from '../history/once.ts'
import { quantileOf } from '../history/quantiles.ts'
import { cpuShares, type Point, points, together } from '../history/samples.ts'
import { isDuring, nameOfStretch, type Stretch } from '../history/stretch.ts'
import type { Finding } from './check.ts'
import { indexes } from './finding.ts'
import { garbageAt } from './held.ts'

const WITNESSES = 20
const WINDOW_MS = 1_000
const LEAST_CALLS = 100
const LEAST_READINGS = 5
/** ours */
const STRANGE_MOST = 0.2

export interface Cost {
  what: 'CPU' | 'log' | 'heap'
  finding: Finding
}

/** What was used between two readings. */
interface Used extends Stretch {
  amount: number
}

interface PerCall {
  what: 'CPU' | 'log'
  used: readonly Used[]
  /** Times the cost before. */
  limit: number
  /** And at most so much a call. */
  most?: number
  /** As little more a call is no growth, however little it was before. */
  floor?: number
  told: (each: number) => string
}

/** Nothing, when it was not seen or fewer than 100 calls were answered in one of the two. */
export function perCall(
  answered: readonly Call[],
  [before, under]: [Stretch, Stretch],
  { what, used, limit, most, floor = 0, told }: PerCall,
): Cost[] {
  const [calm, busy] = [secondsOf(answered, before, used), secondsOf(answered, under, used)]
  const [usual, now] = [eachOf(calm), eachOf(busy)]
  if (Math.min(count(calm), count(busy)) < LEAST_CALLS || !(usual > 0 || (now > 0 && floor > 0))) return []
  const small = floor > 0 && now - usual < floor
  const interval = ratioInterval(busy, calm, count(calm)) ?? [now / usual, now / usual]
  // What another tool costs says nothing of this one; a line of log is a line whatever the tool.
  const strange = what === 'CPU' && strangers(calm, busy) > STRANGE_MOST
  const dearer = interval[0] > limit && !strange && !small
  const tooMuch = most !== undefined && now > most
  const status = dearer || tooMuch ? 'fail' : interval[1] <= limit || small ? 'pass' : 'unknown'
  const others = status === 'unknown' && strange ? '; but many more calls were of other tools than before' : ''
  const allowed = `, allowed are ${limit} times that${most === undefined ? '' : ` and ${told(most)}`}`
  const byRatio = { measured: now / usual, interval, limit, unit: `× the ${what} of a call before` }
  // Of nothing there is no multiple.
  const byMore = { measured: now, limit: floor, unit: `bytes of ${what} a call more than before` }
  const [dearest] = busy.toSorted((a, b) => b.good / b.planned - a.good / a.planned)
  const finding: Finding = {
    ...(tooMuch && !dearer ? { measured: now, limit: most, unit: 'bytes of log a call' } : usual > 0 ? byRatio : byMore),
    status,
    samples: count(busy),
    says: `a call cost ${told(now)} under stress and ${told(usual)} before${status === 'pass' ? '' : allowed}${others}`,
    witnesses: indexes(status === 'fail' ? (dearest?.calls ?? []).slice(0, WITNESSES) : []),
  }
  return [{ what, finding }]
}

/** Share of the calls answered under stress by which tools did more than before: whose calls were served more often, or were never asked for. */
function strangers(calm: readonly Second[], busy: readonly Second[]): number {
  const known = byTool(calm, () => true)
  const now = byTool(busy, ({ tool, class: is }) => is === 'served' || !known.has(tool))
  const before = (tool: string) => (known.get(tool) ?? 0) / count(calm)
  return [...now].reduce((sum, [tool, calls]) => sum + Math.max(0, calls / count(busy) - before(tool)), 0)
}

function byTool(seconds: readonly Second[], counts: (call: Call) => boolean): Map<string, number> {
  const found = new Map<string, number>()
  for (const { calls } of seconds) for (const call of calls) if (counts(call)) found.set(call.tool, (found.get(call.tool) ?? 0) + 1)
  return found
}

/** `good` is what was used, `planned` for how many calls. */
interface Second extends Tally {
  calls: readonly Call[]
}

/** What was answered in each whole second of a stretch: CPU and log ask for the same ones. */
const answeredIn = onceEach((answered: readonly Call[], { fromMs, toMs }: Stretch): readonly (readonly Call[])[] => {
  const seconds = Array.from({ length: Math.floor((toMs - fromMs) / WINDOW_MS) }, (): Call[] => [])
  for (const call of answered) seconds[Math.floor(((call.endedAtMs ?? -1) - fromMs) / WINDOW_MS)]?.push(call)
  return seconds
}, nameOfStretch)

/** Seconds in which something was answered, and of which it is known what was used. */
function secondsOf(answered: readonly Call[], { fromMs, toMs }: Stretch, used: readonly Used[]): Second[] {
  const seconds = answeredIn(answered, { fromMs, toMs }).map((calls) => ({ good: 0, planned: calls.length, calls, seen: false }))
  for (const one of used) {
    const last = Math.min(seconds.length - 1, Math.floor((one.toMs - fromMs) / WINDOW_MS))
    for (let n = Math.max(0, Math.floor((one.fromMs - fromMs) / WINDOW_MS)); n <= last; n++) {
      const beganMs = fromMs + n * WINDOW_MS
      const insideMs = Math.min(beganMs + WINDOW_MS, one.toMs) - Math.max(beganMs, one.fromMs)
      const second = seconds[n]
      if (!second || !(insideMs > 0)) continue
      second.good += (one.amount * insideMs) / (one.toMs - one.fromMs)
      second.seen = true
    }
  }
  return seconds.filter(({ seen, planned }) => seen && planned > 0)
}

function count(seconds: readonly Second[]): number {
  return seconds.reduce((sum, { planned }) => sum + planned, 0)
}

function eachOf(seconds: readonly Second[]): number {
  return seconds.reduce((sum, { good }) => sum + good, 0) / count(seconds)
}

/** CPU of the server's instances, ms; each sample tells the share of a core since the one before. */
export function cpuUsed(history: History): Used[] {
  return between(cpuShares(history), (_, share, lengthMs) => share * lengthMs)
}

/** Bytes logged by all instances. A file that has shrunk was begun anew. */
export function logUsed(history: History): Used[] {
  return between(points(history, 'logBytes'), (before, now) => (now >= before ? now - before : now))
}

/** Readings are taken now and then: what was used between two is taken to be spread evenly. */
function between(readings: readonly Point[], amountOf: (before: number, now: number, lengthMs: number) => number): Used[] {
  return [...Map.groupBy(readings, ({ series }) => series).values()].flatMap((own) =>
    own.slice(1).flatMap(({ atMs, value }, n): Used[] => {
      const before = own[n]
      if (!before || !(atMs > before.atMs)) return []
      return [{ fromMs: before.atMs, toMs: atMs, amount: amountOf(before.value, value, atMs - before.atMs) }]
    }),
  )
}

interface HeapLimits {
  heapRatio: number
  heapFloorBytes: number
}

export function heapCost(history: History, [before, under]: [Stretch, Stretch], { heapRatio: limit, heapFloorBytes }: HeapLimits): Cost[] {
  const [calm, busy] = [heapIn(history, before), heapIn(history, under)]
  if (Math.min(calm.length, busy.length) < LEAST_READINGS) return []
  const [usual, now] = [quantileOf(calm, 0.5), quantileOf(busy, 0.5)]
  const tallies = (sizes: readonly number[]): Tally[] => sizes.map((size) => ({ good: size, planned: 1 }))
  const interval = ratioInterval(tallies(busy), tallies(calm), calm.length) ?? [now / usual, now / usual]
  const small = now - usual < heapFloorBytes
  // Sizes are those of one instance.
  const perhaps = garbageAt(history, under.toMs) / together(history, 'heapBytes').length
  const garbage = interval[0] > limit && !small && now - usual <= perhaps
  const status = small || interval[1] <= limit ? 'pass' : interval[0] > limit && !garbage ? 'fail' : 'unknown'
  const inside = history.calls.filter(({ sentAtMs }) => isDuring(under, sentAtMs))
  const finding: Finding = {
    status,
    measured: now / usual,
    interval,
    limit,
    unit: '× the heap before',
    samples: busy.length,
    says: `the heap held ${megabytes(now)} under stress and ${megabytes(usual)} before${garbage ? ', which may be garbage that nobody has collected yet' : ''}`,
    witnesses: indexes(status === 'fail' ? inside.slice(-WITNESSES) : []),
  }
  return [{ what: 'heap', finding }]
}

function heapIn(history: History, stretch: Stretch): number[] {
  return together(history, 'heapBytes').flatMap((own) => own.flatMap(({ atMs, value }) => (isDuring(stretch, atMs) ? [value] : [])))
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
