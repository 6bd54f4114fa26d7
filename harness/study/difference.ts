// Is one group of runs better or worse than another? Runs come in pairs that followed the same plan, taken in turns, so that second by
// second the same was asked of both, and what else the machine did hit both alike. Three figures of the whole run decide: the share of
// good answers, the typical time to an answer (geometric mean, role by role), and its 95th percentile. The same of each phase is shown.
//
// Blocks of seconds are drawn again, the same of both runs of a pair (Künsch 1989; paired). The spread of the difference becomes an
// interval by Student's quantile. What differs from run to run alone no second tells: how much the pairs disagree does, together with what
// equal runs of ours disagreed by, which weighs as much as three pairs, so that one pair alone has that alone. Three figures and two sides:
// each interval is that much wider (Bonferroni) that all of them together are wrong in at most 1 % of comparisons of equal runs.
// Better or worse: the interval lies wholly beyond what is the same to us. No difference shown: a fifth (ten points) would have shown.
// Else nobody can tell: take more pairs.
import { generatorOf } from '../history/bootstrap.ts'
import type { PhaseName } from '../plan/plan.ts'
import { quantileMs, type Second, STEPS } from './windows.ts'

export type Answer = 'better' | 'worse' | 'no difference shown' | 'cannot tell'
export type Figure = 'good answers' | 'typical time' | 'p95 time'

export interface Difference {
  phase: PhaseName | 'whole run'
  figure: Figure
  /** Share of 1, or ms. */
  before: number
  after: number
  /** After − before for shares; after ÷ before for times. */
  change: number
  interval: [number, number]
  answer: Answer
}

export interface Pair {
  before: readonly Second[]
  after: readonly Second[]
}

const ROUNDS = 200
const BLOCK = 2
const FIGURES: readonly Figure[] = ['good answers', 'typical time', 'p95 time']
/** The normal distribution's quantile for 1 % over three figures and two sides. */
const Z = 2.94
/** The same to us (ours): two points of share; 5 % of a time, and never less than 0.2 ms. */
const SAME = { points: 0.02, share: 0.05, ms: 0.2 }
/** Would have shown (ours). */
const SHOWN = { points: 0.1, ratio: 1.2 }
/**
 * Standard deviation of a change from run to run alone; times as logarithms. Of 139 pairs of equal runs (ours, two cores, 3 to 50 ms a
 * call): 0.13 in all, 0.06 of it told by the seconds. Shares: all told by them.
 */
const RUN_TO_RUN: Record<Figure, number> = { 'good answers': 0, 'typical time': 0.115, 'p95 time': 0.115 }
/** How many pairs that weighs. */
const KNOWN_PAIRS = 3
const LEAST_CALLS = 50
const LEAST_TAIL = 200

/** Of the whole run first, then of each phase. */
export function differencesOf(pairs: readonly Pair[], seed: number): Difference[] {
  const phases = [...new Set(pairs.flatMap(({ before }) => before.map(({ phase }) => phase)))]
  const of = (phase: PhaseName) =>
    pairs.map(({ before, after }): Pair => {
      const inside = (seconds: readonly Second[]) => seconds.filter((second) => second.phase === phase)
      return { before: inside(before), after: inside(after) }
    })
  return [...ofWholeRun(pairs, seed), ...phases.flatMap((phase) => differencesIn(phase, of(phase), seed))]
}

/** The three that decide. */
export function ofWholeRun(pairs: readonly Pair[], seed: number): Difference[] {
  return differencesIn('whole run', pairs, seed)
}

function differencesIn(phase: Difference['phase'], pairs: readonly Pair[], seed: number): Difference[] {
  const steps = pairs.map(({ before, after }) => before.flatMap((second, n) => (after[n] ? [{ before: second, after: after[n] }] : [])))
  return FIGURES.map((figure) => ({ phase, figure, ...differenceOf(figure, steps, seed) }))
}

/** By the figures of the whole run: worse wins, then better. A tail that few calls make may stay open. */
export function overall(differences: readonly Difference[]): Answer {
  const whole = differences.filter(({ phase }) => phase === 'whole run')
  for (const answer of ['worse', 'better'] as const) if (whole.some((one) => one.answer === answer)) return answer
  const shown = whole.filter(({ figure, answer }) => figure !== 'p95 time' && answer === 'no difference shown')
  return shown.length === 2 ? 'no difference shown' : 'cannot tell'
}

interface Step {
  before: Second
  after: Second
}

type Side = keyof Step

function differenceOf(figure: Figure, pairs: readonly Step[][], seed: number): Omit<Difference, 'phase' | 'figure'> {
  const steps = pairs.flat()
  const [before, after] = [figureOf(figure, steps, 'before'), figureOf(figure, steps, 'after')]
  const asIs = figure === 'good answers' ? (value: number) => value : Math.exp
  const change = changeIn(figure, steps)
  const shown = { before, after, change: asIs(change) }
  if (samplesOf(figure, steps) < (figure === 'p95 time' ? LEAST_TAIL : LEAST_CALLS))
    return { ...shown, interval: [Number.NaN, Number.NaN], answer: 'cannot tell' }
  const half = errorOf(figure, pairs, seed) * student(Math.max(3, steps.length / BLOCK - 1))
  const [low, high] = [change - half, change + half]
  return { ...shown, interval: [asIs(low), asIs(high)], answer: answerOf(figure, before, low, high) }
}

/** Shares as differences, times as logarithms of ratios. */
function changeIn(figure: Figure, steps: readonly Step[]): number {
  if (figure === 'typical time') return roleByRole(steps)
  const [before, after] = [figureOf(figure, steps, 'before'), figureOf(figure, steps, 'after')]
  return figure === 'good answers' ? after - before : Math.log(after / before)
}

/** Each role against itself, weighted by how often it was served in both. */
function roleByRole(steps: readonly Step[]): number {
  const [before, after] = [rolesIn(steps, 'before'), rolesIn(steps, 'after')]
  let [sum, weights] = [0, 0]
  for (const [role, was] of before) {
    const is = after.get(role)
    if (!is) continue
    const weight = (was.served * is.served) / (was.served + is.served)
    sum += weight * (is.logMs / is.served - was.logMs / was.served)
    weights += weight
  }
  return sum / weights
}

function rolesIn(steps: readonly Step[], side: Side): Map<string, { served: number; logMs: number }> {
  const sums = new Map<string, { served: number; logMs: number }>()
  for (const step of steps)
    for (const [role, { served, logMs }] of step[side].roles) {
      const sum = sums.get(role)
      if (!sum) sums.set(role, { served, logMs })
      else {
        sum.served += served
        sum.logMs += logMs
      }
    }
  return sums
}

function figureOf(figure: Figure, steps: readonly Step[], side: Side): number {
  const total = (of: 'good' | 'planned') => steps.reduce((sum, step) => sum + step[side][of], 0)
  if (figure === 'good answers') return total('good') / total('planned')
  if (figure === 'p95 time') return quantileMs(timesIn(steps, side), 0.95)
  const roles = [...rolesIn(steps, side).values()]
  return Math.exp(roles.reduce((sum, { logMs }) => sum + logMs, 0) / roles.reduce((sum, { served }) => sum + served, 0))
}

function timesIn(steps: readonly Step[], side: Side): Uint32Array {
  const sum = new Uint32Array(STEPS)
  for (const step of steps) {
    const { times } = step[side]
    for (let n = 0; n < STEPS; n++) sum[n] = (sum[n] as number) + (times[n] as number)
  }
  return sum
}

function samplesOf(figure: Figure, steps: readonly Step[]): number {
  const of = (side: Side) => steps.reduce((sum, step) => sum + step[side][figure === 'good answers' ? 'planned' : 'served'], 0)
  return Math.min(of('before'), of('after'))
}

function spreadOf(figure: Figure, pairs: readonly Step[][], seed: number): number {
  const unit = generatorOf(seed)
  const drawn = Array.from({ length: ROUNDS }, () =>
    changeIn(
      figure,
      pairs.flatMap((steps) => redrawn(steps, unit)),
    ),
  )
  // Drawing again from few gives too little spread, by this much.
  const length = pairs.flat().length
  return Math.sqrt(length / Math.max(1, length - 1)) * deviation(drawn)
}

/** Standard error of the change: what the seconds tell, and what the pairs' own changes and equal runs tell beyond. */
function errorOf(figure: Figure, pairs: readonly Step[][], seed: number): number {
  const spread = spreadOf(figure, pairs, seed)
  const expected = pairs.length * spread ** 2 + RUN_TO_RUN[figure] ** 2
  const own = deviation(pairs.map((steps) => changeIn(figure, steps))) ** 2
  const ofOne = (KNOWN_PAIRS * expected + (pairs.length - 1) * own) / (KNOWN_PAIRS + pairs.length - 1)
  return Math.max(spread, Math.sqrt(ofOne / pairs.length))
}

function deviation(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite)
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length
  return Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, finite.length - 1))
}

function redrawn(steps: readonly Step[], unit: () => number): Step[] {
  const drawn: Step[] = []
  while (drawn.length < steps.length) {
    const from = Math.floor(unit() * steps.length)
    for (let n = 0; n < BLOCK && drawn.length < steps.length; n++) drawn.push(steps[(from + n) % steps.length] as Step)
  }
  return drawn
}

/** Student's quantile from the normal one (Fisher's expansion). */
function student(degrees: number): number {
  return Z + (Z ** 3 + Z) / 4 / degrees + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96 / degrees ** 2
}

function answerOf(figure: Figure, before: number, low: number, high: number): Answer {
  const isShare = figure === 'good answers'
  const same = isShare ? SAME.points : Math.log(1 + Math.max(SAME.share, SAME.ms / before))
  const shown = Math.max(same, isShare ? SHOWN.points : Math.log(SHOWN.ratio))
  if (low > same) return isShare ? 'better' : 'worse'
  if (high < -same) return isShare ? 'worse' : 'better'
  return low > -shown && high < shown ? 'no difference shown' : 'cannot tell'
}
