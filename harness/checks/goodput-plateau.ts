// A2: asked for more than it can do, a server goes on doing what it can. One that takes everything in serves everybody late: past its
// capacity goodput does not level off, it falls to nothing, since each answer comes after its caller has stopped waiting.
//
// Steps are the steady phase and each stress. A step's goodput: good answers a second, by when they were asked for, whole step. The
// peak is the best step; a step that asks for at least `twiceFrom` (1.5 ×) or `fourTimesFrom` (3 ×) of it must keep `twice` (0.9 of 1) or
// `fourTimes` (0.8) of it. All ours. 95 % interval by block bootstrap over 1 s windows. A steady phase that turned calls
// away, or wavered, says that the server had less to give than the plan took for granted: nothing is told then. Nor where budgets refused
// so much that all other calls together would not have been enough: bursts that were there before are spent by then, and what the server
// can do was not asked of it. Nor of a step that fails while a fault is on: that may have taken the capacity; or that keeps as much as the
// cores which other programs left to the run. Not modelled: capacity that the load itself moves (autoscaling), and where exactly it lies:
// that is the study `capacity`.
import { ratioInterval, shareOf, type Tally } from '../history/bootstrap.ts'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { everyIntent, type Intent, sentIn } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import { isDuring } from '../history/stretch.ts'
import { ratio, share } from '../parameters.ts'
import type { Phase } from '../plan/plan.ts'
import { budgetsIn } from './cause.ts'
import { check, type Finding } from './check.ts'
import { indexes, percent, unknown } from './finding.ts'

const WITNESSES = 20
const WINDOW_MS = 1_000
const LEAST_WINDOWS = 3

interface Limits {
  twice: number
  fourTimes: number
  twiceFrom: number
  fourTimesFrom: number
}

export const goodputPlateau = check({
  code: 'A2',
  title: 'Asked for too much, the server still does what it can',
  why: 'Load that is twice what fits is when a service is needed most. One that collapses there serves nobody, and stays down while agents ask again.',
  remedy: {
    control: 'overload',
    do: 'Turn away what cannot be served in time, at once: bound the queue before each pool by the time left, and shed at the door by what waits.',
    runbook: 'OVERLOADED',
  },
  source: 'SRE ch. 22, "Addressing Cascading Failures"; limits are ours',
  sort: 'statistical',
  comparesWithBaseline: true,
  needs: ['responses'],
  limits: {
    twice: share(0.9),
    fourTimes: share(0.8),
    twiceFrom: ratio(1.5, { from: 1, to: 100 }),
    fourTimesFrom: ratio(3, { from: 1, to: 100 }),
  },
  judge(history, limits) {
    const steps = stepsOf(history)
    const [peak] = steps.toSorted((a, b) => b.goodput - a.goodput)
    if (!peak || peak.goodput === 0) return unknown('nothing was good in any step of a few seconds: there is no capacity to compare with')
    const over = steps.filter(({ offered }) => offered >= peak.goodput * limits.twiceFrom)
    if (over.length === 0) {
      const [most] = steps.toSorted((a, b) => b.offered - a.offered)
      return unknown(
        `at most ${rate(most?.offered)} were asked for, and ${rate(peak.goodput)} were answered well: no step asked for twice what it can do`,
        { samples: steps.reduce((sum, step) => sum + step.calls.length, 0) },
      )
    }
    const found = over.map((step) => judgeStep(step, peak, limits, history.plan.seed))
    const worst = (status: Finding['status']) => found.filter((one) => one.status === status).toSorted(byMargin)[0]
    const says = found.map((one) => one.says).join('; ')
    return {
      ...(worst('fail') ?? worst('unknown') ?? worst('pass') ?? unknown(says)),
      says: `the best step had ${rate(peak.goodput)}; ${says}`,
    }
  },
})

interface Step {
  name: string
  /** Calls a second that were asked for, and those that were good. */
  offered: number
  goodput: number
  /** Good ones by second. */
  seconds: Tally[]
  calls: readonly Intent[]
  /** Faults that were on meanwhile. */
  broken: string[]
  /** Share of the machine's cores that programs outside the run used. */
  taken: number
}

function stepsOf(history: History): Step[] {
  const all = everyIntent(history.calls)
  const phases = history.plan.phases.filter(({ name }) => name === 'steady' || name === 'stress')
  return phases.flatMap((phase) => stepOf(phase, all, history) ?? [])
}

function stepOf({ name, window, fromMs, toMs }: Phase, all: readonly Intent[], history: History): Step | undefined {
  const { without = [] } = history
  const windows = Math.floor((toMs - fromMs) / WINDOW_MS)
  if (windows < LEAST_WINDOWS) return undefined
  const calls = sentIn(all, { fromMs, toMs: fromMs + windows * WINDOW_MS })
  const seconds = Array.from({ length: windows }, (): Tally => ({ good: 0, planned: 1 }))
  for (const { good, first } of calls) {
    const second = seconds[Math.floor((first.sentAtMs - fromMs) / WINDOW_MS)]
    if (good && second) second.good++
  }
  const whole = seconds.filter((_, second) => {
    const atMs = fromMs + second * WINDOW_MS
    return !without.some((span) => span.fromMs < atMs + WINDOW_MS && span.toMs > atMs)
  })
  if (whole.length < LEAST_WINDOWS) return undefined
  const broken = faultsOf(history).flatMap(({ fault, beginsMs, overMs }) => (beginsMs < toMs && overMs > fromMs ? [fault] : []))
  const others = points(history, 'cpuShare', 'process').filter(
    ({ series, atMs }) => series.endsWith(' of others') && isDuring({ fromMs, toMs }, atMs),
  )
  const taken = others.reduce((sum, { value }) => sum + value, 0) / Math.max(1, others.length * history.manifest.cores)
  return { name: window ?? name, offered: calls.length / windows, goodput: shareOf(whole), seconds: whole, calls, broken, taken }
}

function judgeStep({ name, offered, goodput, seconds, calls, broken, taken }: Step, peak: Step, limits: Limits, seed: number): Finding {
  const limit = offered >= peak.goodput * limits.fourTimesFrom ? limits.fourTimes : limits.twice
  const measured = goodput / peak.goodput
  const interval = ratioInterval(seconds, peak.seconds, seed) ?? [measured, measured]
  const missed = calls.flatMap(({ good, first }) => (good ? [] : [first]))
  // Calls at once are the server's own measure of what it can do; a rate is somebody's decision.
  const byRate = missed.filter(({ class: is, budget }) => is === 'refused' && budget !== 'concurrency')
  const othersPerS = (offered * (missed.length - byRate.length)) / calls.length
  const decided = goodput + othersPerS < limit * peak.goodput
  const [lost, busy] = [interval[1] < limit, interval[1] >= limit * (1 - taken)]
  const status = interval[0] >= limit ? 'pass' : lost && !decided && !busy && broken.length === 0 ? 'fail' : 'unknown'
  const times = Math.round((offered / peak.goodput) * 10) / 10
  const refused = `, but budgets refused what is missing: ${budgetsIn(byRate)}`
  const who = broken.length > 0 ? `${broken.join(' and ')} was on` : `other programs had ${percent(taken)} of the cores`
  const told = status !== 'unknown' ? '' : decided ? refused : lost ? `, but ${who} meanwhile` : ''
  return {
    status,
    timed: true,
    measured,
    interval,
    limit,
    unit: 'of the best step',
    samples: calls.length,
    says: `asked for ${times} times that (${name}), it kept ${percent(measured)} of it (${percent(interval[0])} to ${percent(interval[1])})${told}`,
    witnesses: indexes(status === 'pass' ? [] : missed.slice(0, WITNESSES)),
  }
}

function byMargin(a: Finding, b: Finding): number {
  return (a.measured ?? 0) - (a.limit ?? 0) - ((b.measured ?? 0) - (b.limit ?? 0))
}

function rate(perSecond = 0): string {
  return `${Math.round(perSecond * 10) / 10} calls a second`
}
