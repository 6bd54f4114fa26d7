// What grows with the calls: the slope over the whole load, and what each stress has left, that is, what is there once it is over and was
// not before it. A slope within a stress would be that of the work in hand. What may be there and be no leak (held.ts) leaves it unknown.
// Series of one instance are added up: the parts of a heap, the workers of an instance. Pure.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { onceEach } from '../history/once.ts'
import { quantileOf } from '../history/quantiles.ts'
import { phaseOf, phasesOf } from '../history/queries.ts'
import { type Reading, together } from '../history/samples.ts'
import { isDuring, nameOfStretch, type Stretch } from '../history/stretch.ts'
import type { Phase } from '../plan/plan.ts'
import type { Finding } from './check.ts'
import { indexes, percent, some } from './finding.ts'
import { heldAfter, type Series } from './held.ts'
import { trendOf } from './trend.ts'

const WITNESSES = 20
const WINDOW_MS = 1_000
const LEAST_CALLS = 100
const LEAST_SECONDS = 5
const BEFORE_MS = 3_000
/** The last calls of a stress end after it. */
const SETTLED_MS = 1_000
const LEAST_AROUND = 2

/** Something that may grow, and how much of it a call may leave. */
export interface Kind {
  series: Series
  what: string
  limit: number
  unit: string
  told: (value: number) => string
  /** Of an instance; what grew by no more has not grown. */
  floor?: number
}

/** Of one instance: measured, at least, at most. */
type Rise = [number, number, number]

/** Nothing where it was not seen for long enough, or with fewer than 100 calls. */
export function growthOf(history: History, kind: Kind): Finding[] {
  return [...overAll(history, kind), ...phasesOf(history, 'stress').flatMap((stress) => leftBy(history, stress, kind))]
}

function overAll(history: History, kind: Kind): Finding[] {
  const span = { fromMs: phaseOf(history, 'steady')?.fromMs ?? 0, toMs: history.plan.endsAtMs }
  const floors = floorsOf(history, kind, span)
  return floors.flatMap((floor) => {
    const trend = floor.length < LEAST_SECONDS ? undefined : trendOf(floor, history.plan.seed)
    if (!trend) return []
    const rise = [trend.perMs, ...trend.interval].map((perMs) => perMs * (span.toMs - span.fromMs)) as Rise
    return perCall(history, 'over the whole run', span, rise, floors.length, kind)
  })
}

function leftBy(history: History, { window, fromMs, toMs }: Phase, kind: Kind): Finding[] {
  const recovery = phasesOf(history, 'recovery').find((phase) => phase.fromMs === toMs)
  if (!recovery) return []
  const before = floorsOf(history, kind, { fromMs: fromMs - BEFORE_MS, toMs: fromMs })
  const after = floorsOf(history, kind, { fromMs: toMs + SETTLED_MS, toMs: recovery.toMs })
  return before.flatMap((calm, n) => {
    const [was, is] = [calm, after[n] ?? []].map((floor) => floor.map(({ value }) => value)) as [number[], number[]]
    if (Math.min(was.length, is.length) < LEAST_AROUND) return []
    const [least, most] = [quantileOf(is, 0) - quantileOf(was, 1), quantileOf(is, 1) - quantileOf(was, 0)]
    const rise: Rise = [quantileOf(is, 0.5) - quantileOf(was, 0.5), least, most]
    return perCall(history, `through ${window ?? 'the stress'}`, { fromMs, toMs: recovery.toMs }, rise, before.length, kind)
  })
}

/** All instances together serve the calls. */
function perCall(history: History, when: string, { fromMs, toMs }: Stretch, rise: Rise, instances: number, kind: Kind): Finding[] {
  const { series, what, limit, unit, told, floor = 0 } = kind
  const { calls, usual } = endedIn(history, { fromMs, toMs })
  if (calls < LEAST_CALLS || !usual) return []
  const [measured, low, high] = rise.map((amount) => ((floor > 0 ? Math.max(0, amount - floor) : amount) * instances) / calls) as Rise
  const held = low > limit ? heldAfter(history, series, { fromMs, toMs }) : []
  const unexplained = low - held.reduce((sum, { amount }) => sum + amount, 0) / calls
  const status = unexplained > limit ? 'fail' : high <= limit ? 'pass' : 'unknown'
  const figures = `${told(measured)} a call (${told(low)} to ${told(high)})`
  const perhaps = held.length > 0 && status === 'unknown' ? `, which may be ${held.map(({ what }) => what).join(', ')}` : ''
  const says = `${what} grew ${when} by ${figures}, over ${some(calls, 'call')}, ${percent(usual.calls / calls)} of them ${usual.class}${perhaps}`
  const witnesses = indexes(status === 'fail' ? usual.first : [])
  return [{ status, measured, interval: [low, high], limit, unit, samples: calls, says, witnesses }]
}

/** By instance: the lowest reading of each second. */
function floorsOf(history: History, { series }: Kind, stretch: Stretch): Reading[][] {
  return together(history, series).map((readings) => lowestBySecond(readings.filter(({ atMs }) => isDuring(stretch, atMs))))
}

function lowestBySecond(readings: readonly Reading[]): Reading[] {
  const seconds = Map.groupBy(readings, ({ atMs }) => Math.floor(atMs / WINDOW_MS))
  return [...seconds.values()].map((some) => some.reduce((least, one) => (one.value < least.value ? one : least)))
}

/** Calls of which the same became. */
interface Alike {
  class: Call['class']
  calls: number
  /** At most 20. */
  first: Call[]
}

/** `usual`: what became of most of them, who are the likeliest to have left something. */
interface Ended {
  calls: number
  usual: Alike | undefined
}

/** Each kind asks for the same stretches. */
const endedIn = onceEach(({ calls: all }: History, { fromMs, toMs }: Stretch): Ended => {
  const [tools, handshakes] = [new Map<string, Alike>(), new Map<string, Alike>()]
  const kinds: Alike[] = []
  let calls = 0
  for (const call of all) {
    const { endedAtMs = -1, role, class: is } = call
    if (endedAtMs < fromMs || endedAtMs >= toMs) continue
    calls++
    const own = role === 'handshake' ? handshakes : tools
    let alike = own.get(is)
    if (!alike) {
      alike = { class: is, calls: 0, first: [] }
      own.set(is, alike)
      kinds.push(alike)
    }
    alike.calls++
    if (alike.first.length < WITNESSES) alike.first.push(call)
  }
  return { calls, usual: kinds.toSorted((a, b) => b.calls - a.calls)[0] }
}, nameOfStretch)
