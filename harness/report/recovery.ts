// How a run came back, window by window: from the moment the stress was over (the verified heal of its last fault, else its planned end)
// to the first good answer, to 95 % of what was good before (for who was there, as the check `recovers` has it), to empty queues, to
// closed breakers. Each is the earliest moment that is known; what is sampled is known to a sampling period. What did not come, or cannot
// be seen, is told apart. Pure.
import { faultsOf } from '../history/faults.ts'
import { intentsOfRegulars } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { once } from '../history/once.ts'
import { goodIn, type Intent, phaseOf, windowsOf } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import type { Stretch } from '../history/stretch.ts'
import type { Phase } from '../plan/plan.ts'

const WINDOW_MS = 1_000
/** Neighbouring windows that must hold, as the check `recovers` has it. */
const IN_A_ROW = 3
const SHARE = 0.95

export interface Mark {
  name: string
  /** Ms after the end of the stress; `never`: not until the end of the recording; `unseen`: this target does not show it. */
  tookMs: number | 'never' | 'unseen'
}

export interface Recovery {
  window: string
  /** What ended: `redis-frozen healed`, `the stress ended`. */
  end: string
  /** Ms since the run's start; absent when a fault was never seen healed. */
  endMs?: number
  /** How long it was looked at, ms. */
  lengthMs: number
  marks: Mark[]
}

export const recoveriesOf = once((history: History): readonly Recovery[] => {
  const steady = phaseOf(history, 'steady')
  const all = intentsOfRegulars(history)
  const before = steady ? goodIn(all, steady).share : Number.NaN
  return history.plan.phases.filter(({ name }) => name === 'recovery').map((phase) => recoveryOf(history, phase, all, before))
})

function recoveryOf(history: History, phase: Phase, all: readonly Intent[], before: number): Recovery {
  const stress = history.plan.phases.findLast(({ name, toMs }) => name === 'stress' && toMs <= phase.fromMs)
  const window = phase.window ?? stress?.window ?? 'stress'
  const faults = faultsOf(history).filter((fault) => fault.window === window)
  const healed = faults.flatMap((fault) => fault.healed?.atMs ?? [])
  const end = faults.length === 0 ? 'the stress ended' : `${[...new Set(faults.map(({ fault }) => fault))].join(', ')} healed`
  if (healed.length < faults.length) return { window, end: `${end}: never seen`, lengthMs: 0, marks: [] }
  const endMs = faults.length === 0 ? (stress?.toMs ?? phase.fromMs) : Math.max(...healed)
  const span = { fromMs: endMs, toMs: phase.toMs }
  const firstMs = firstGood(history, span)
  const againMs = goodAgain(all, span, before)
  // Windows go by when calls were sent; that they were good is known when they are answered.
  const known = typeof againMs === 'number' && typeof firstMs === 'number' ? Math.max(againMs, firstMs) : againMs
  const marks: Mark[] = [
    { name: 'first good answer', tookMs: firstMs },
    { name: `${SHARE * 100} % good again`, tookMs: known },
    { name: 'queues empty', tookMs: quietFrom(history, 'poolWaiting', span) },
    { name: 'breakers closed', tookMs: quietFrom(history, 'breakerOpen', span) },
  ]
  return { window, end, endMs, lengthMs: Math.max(0, phase.toMs - endMs), marks }
}

function firstGood({ calls }: History, { fromMs, toMs }: Stretch): Mark['tookMs'] {
  let first = Number.POSITIVE_INFINITY
  for (const { sentAtMs, good, hostile, role, endedAtMs = Number.POSITIVE_INFINITY } of calls) {
    if (sentAtMs < fromMs) continue
    // Calls are in the order in which they were sent: none after this one was answered sooner.
    if (sentAtMs > first) break
    if (good && !hostile && role !== 'handshake' && endedAtMs <= toMs) first = Math.min(first, endedAtMs)
  }
  return Number.isFinite(first) ? first - fromMs : 'never'
}

/** The start of the first windows in a row that all hold, since the moment of return is when it begins to be good. */
function goodAgain(all: readonly Intent[], span: Stretch, before: number): Mark['tookMs'] {
  if (!(before > 0)) return 'unseen'
  const windows = windowsOf(all, span, WINDOW_MS).filter(({ planned }) => planned > 0)
  const holds = windows.map(({ good, planned }) => good / planned >= SHARE * before)
  const first = holds.findIndex((_, i) => i + IN_A_ROW <= holds.length && holds.slice(i, i + IN_A_ROW).every(Boolean))
  const [start] = windows.slice(first)
  return first < 0 || !start ? 'never' : start.fromMs - span.fromMs
}

/** Until the first sample, of the series that took longest, from which on it stays at 0. What was 0 before the end was so at once. */
function quietFrom(history: History, name: string, { fromMs, toMs }: Stretch): Mark['tookMs'] {
  const bySeries = Map.groupBy(
    points(history, name).filter(({ atMs }) => atMs <= toMs),
    ({ series }) => series,
  )
  let tookMs: Mark['tookMs'] = 'unseen'
  for (const samples of bySeries.values()) {
    if (!samples.some(({ atMs }) => atMs >= fromMs)) continue
    const quiet = samples[samples.findLastIndex(({ value }) => value > 0) + 1]
    if (!quiet) return 'never'
    tookMs = Math.max(tookMs === 'unseen' ? 0 : tookMs, quiet.atMs - fromMs, 0)
  }
  return tookMs
}
