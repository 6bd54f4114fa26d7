// A14: while one agent runs away, the others get what they got before, and the runaway gets no more than its budget. Good ÷
// planned of the agents that are not the stress, and were there before it, under stress against the steady phase, with a 95 %
// interval by block bootstrap over 1 s windows; and the runaway's admissions against burst + rate × time where the target
// declares a budget.
//
// Limits: goodShare of the steady phase's share (default 0.95 of 1, ours); leastPlanned, planned calls in each phase (default 60:
// with fewer, not one bad call among them still says nothing about 1 in 20); admissionsRatio (default 1.02 ×). Where Redis was away, or may
// have been, one local burst more, as in limiter-true. No agent may be left with half of what it had (ours): one of thirty that shares the
// runaway's bucket hides in the share of all. Who needed what a fault had broken may have starved of that: without those calls it must
// fail too, else nobody knows. A fault at Redis is no excuse: there budgets are counted, and who shuts the door then starves all by itself.
// Not modelled: a runaway spread over several identities; budgets per tool.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { intentsOfRegulars } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { type Intent, needs, overlaps, phaseOf, phasesOf } from '../history/queries.ts'
import { isDuring } from '../history/stretch.ts'
import { count, ratio, share } from '../parameters.ts'
import type { Phase } from '../plan/plan.ts'
import { isAdmitted } from './admitted.ts'
import { openBreaker, remedyFor } from './cause.ts'
import { check, type Finding, type Remedy } from './check.ts'
import { burstsIn, extraBursts, lapsesOf } from './extra-bursts.ts'
import { indexes, notExercised, percent, some, unknown, worst } from './finding.ts'
import { goodShare, leftOut } from './good-share.ts'

const WITNESSES = 20
const OVER_SHOWN = 5
const HALF = 0.5

export const fairness = check({
  code: 'A14',
  title: 'One runaway agent does not starve the others',
  why: 'Agents loop without noticing. Without a budget of its own, one of them takes the whole server from everybody.',
  remedy: {
    control: 'admission',
    do: 'Give every agent a budget of its own (rate, burst, calls at once), checked before any work is done, and refuse what is over it with a wait.',
    runbook: 'RATE_LIMITED',
  },
  source: 'seed 2, opening; seed 1, mistake 2; limits are ours',
  sort: 'statistical',
  comparesWithBaseline: true,
  needs: ['responses'],
  limits: { goodShare: share(0.95), leastPlanned: count(60), admissionsRatio: ratio(1.02, { from: 1, to: 10 }) },
  judge(history, limits) {
    const steady = phaseOf(history, 'steady')
    if (!history.plan.agents.some(({ hostile }) => hostile)) return notExercised('no agent of the plan runs away')
    if (!steady) return unknown('the plan has no steady phase to compare with')
    const stressed = phasesOf(history, 'stress').filter((phase) =>
      history.calls.some((call) => call.hostile && isDuring(phase, call.sentAtMs)),
    )
    if (stressed.length === 0) return unknown('the runaway sent no call under stress')
    const all = intentsOfRegulars(history)
    return worst(stressed.map((stress) => judgeStress(history, all, steady, stress, limits)))
  },
})

function judgeStress(history: History, all: readonly Intent[], steady: Phase, stress: Phase, limits: Limits): Finding {
  const found = compare(history, all, steady, stress, limits)
  const broken = faultsOf(history).filter(({ window, dependency }) => window === stress.window && dependency !== 'redis')
  // What the runaway was let in for needs no comparison.
  if (found.status !== 'fail' || !found.timed || broken.length === 0) return found
  const isTouched = ({ first }: Intent) =>
    broken.some(
      ({ dependency, beginsMs, overMs }) =>
        dependency !== undefined && needs(history, first.role, dependency) && overlaps(first, { fromMs: beginsMs, toMs: overMs }),
    )
  const others = all.filter((intent) => !isTouched(intent))
  const untouched = compare(history, others, steady, stress, limits)
  if (untouched.status === 'fail') return untouched
  const { says, remedy: _own, advice: _too, timed: _compared, ...shown } = found
  return unknown(`${says}; but ${broken.map(({ fault }) => fault).join(' and ')} was on, and may have starved them by itself`, shown)
}

interface Limits {
  goodShare: number
  leastPlanned: number
  admissionsRatio: number
}

function compare(history: History, all: readonly Intent[], steady: Phase, stress: Phase, limits: Limits): Finding {
  const {
    before,
    during,
    measured,
    interval,
    bad: starved,
    shown,
  } = goodShare(all, steady, stress, { seed: history.plan.seed, limit: limits.goodShare })
  const over = overBudget(history, stress, limits.admissionsRatio)
  const shares = `the others' good answers went from ${percent(before.share)} to ${percent(during.share)} while ${runaways(history)} ran away`
  if (over) {
    const hurt = measured < limits.goodShare
    return {
      ...(hurt ? shown : { measured: over.admitted, limit: over.allowed, unit: 'calls', samples: shown.samples }),
      status: 'fail',
      says: hurt ? `${shares}; ${over.text}` : `${over.text}; ${shares}`,
      // Those who suffered first; room is kept for the calls that should have been refused.
      witnesses: indexes([...starved.slice(0, WITNESSES - OVER_SHOWN), ...over.calls].slice(0, WITNESSES)),
      advice: [{ setting: 'declared.perAgent', present: over.budget, suggested: over.budget }],
    }
  }
  if (before.share === 0) return unknown('nothing was good in the steady phase: there is nothing to compare with', shown)
  if (!interval || Math.min(before.planned, during.planned) < limits.leastPlanned)
    return unknown(
      `${before.planned} calls planned in the steady phase and ${during.planned} under stress are too few to compare: ${limits.leastPlanned} each would do`,
      shown,
    )
  const [low, high] = interval
  const alone = high < limits.goodShare ? undefined : leftOut(all, [steady, stress], ({ agent }) => agent, HALF)
  if (!alone && low >= limits.goodShare) return { ...shown, status: 'pass', says: shares }
  if (!alone && high >= limits.goodShare)
    return unknown(
      `${shares}: between ${percent(low)} and ${percent(high)} of before, which does not decide; about ${longer(interval, limits.goodShare, measured)} times as long would`,
      shown,
    )
  const { who, bad } = alone ?? mostStarved(starved)
  return {
    ...(alone ? { measured: alone.good / alone.planned, limit: HALF, unit: 'of 1', samples: shown.samples } : shown),
    status: 'fail',
    timed: true,
    says: `${shares}; most of all ${who}, with ${some(bad.length, 'call')} starved`,
    witnesses: indexes([...bad, ...starved.filter(({ agent }) => agent !== who)].slice(0, WITNESSES)),
    ...remedied(history, steady, stress, alone?.bad ?? starved),
  }
}

function runaways({ plan }: History): string {
  const names = plan.agents.filter(({ hostile }) => hostile).map(({ agent }) => agent)
  return names.length > 3 ? some(names.length, 'agent') : names.join(' and ')
}

/** An interval shrinks with the root of its length: how many times longer until it clears the limit. */
function longer([low, high]: [number, number], limit: number, measured: number): number {
  const room = Math.max(0.005, Math.abs(measured - limit))
  return Math.max(2, Math.ceil(((high - low) / 2 / room) ** 2))
}

function mostStarved(starved: readonly Call[]): { who: string; bad: Call[] } {
  const byAgent = [...Map.groupBy(starved, ({ agent }) => agent)].sort((a, b) => b[1].length - a[1].length)
  const [who, bad] = byAgent[0] ?? ['nobody', []]
  return { who, bad }
}

/** The runaway that was let in most beyond its declared budget, from its first call to its last answer under stress. */
function overBudget(
  history: History,
  stress: Phase,
  slack: number,
): { text: string; budget: string; admitted: number; allowed: number; calls: Call[] } | undefined {
  const { calls, manifest } = history
  const budget = manifest.declared.perAgent
  if (!budget) return undefined
  const extra = extraBursts(history)
  const mayHaveLapsed = lapsesOf(history, extra)
  const mine = calls.filter((call) => call.hostile && call.role !== 'handshake' && isDuring(stress, call.sentAtMs))
  for (const [agent, sent] of Map.groupBy(mine, ({ agent }) => agent)) {
    const admitted = sent.filter(isAdmitted)
    const endsMs = admitted.reduce((last, { sentAtMs, endedAtMs }) => Math.max(last, endedAtMs ?? sentAtMs), 0)
    // Nobody let in: there is no stretch to count in.
    const window = { fromMs: Math.min(sent[0]?.sentAtMs ?? endsMs, endsMs), toMs: endsMs }
    const windowS = (window.toMs - window.fromMs) / 1_000
    const bursts = 1 + burstsIn(extra, window) + (mayHaveLapsed(window) ? 1 : 0)
    const allowed = Math.floor(budget.burst * bursts + (budget.ratePerMinute / 60) * windowS * slack + 1)
    if (admitted.length > allowed)
      return {
        text: `${agent} was let in ${admitted.length} times in ${Math.round(windowS)} s, its budget allows ${allowed}`,
        budget: `${budget.ratePerMinute} a minute, ${budget.burst} at once`,
        admitted: admitted.length,
        allowed,
        calls: admitted.slice(allowed),
      }
  }
  return undefined
}

/**
 * Whose budget it is depends on where the others were turned away, and on whether one refused the runaway at all: a rate is worth
 * lowering only where the agent's own budget refused it and the others starved all the same.
 */
function remedied(
  history: History,
  steady: Phase,
  stress: Phase,
  starved: readonly Call[],
): Pick<Finding, 'remedy' | 'advice' | 'follows'> {
  const cause = remedyFor(history, starved)
  if (cause?.control === 'breaker' && openBreaker(history, starved) !== undefined) return { remedy: cause, follows: ['breaker-not-fooled'] }
  if (cause?.control === 'admission') return { remedy: cause }
  const sent = history.calls.filter((call) => call.hostile && call.role !== 'handshake' && isDuring(stress, call.sentAtMs))
  const refused = sent.filter(({ class: is }) => is === 'refused')
  if (refused.length === 0)
    return { remedy: admission('No call of the runaway was refused by a budget: there is none, or it was never asked.') }
  const queued = sent.filter(({ class: is }) => is === 'queue')
  if (queued.length > refused.length)
    return {
      remedy: admission(
        `${queued.length} calls of the runaway came as far as the queue, ${refused.length} were refused by a budget: ask the budget before the queue and before any work.`,
      ),
    }
  const own = refused.filter(({ budget }) => budget === 'agent')
  return { ...(cause && { remedy: cause }), ...(own.length > 0 && { advice: advice(history, steady) }) }
}

function admission(seen: string): Remedy {
  return { control: 'admission', do: `${seen} Give every agent a budget of its own (rate, burst, calls at once).`, runbook: 'RATE_LIMITED' }
}

/** Twice what the busiest honest agent asked for in the steady phase, in tens; no more than it is. */
function advice({ calls, manifest }: History, steady: Phase): NonNullable<Finding['advice']> {
  const honest = calls.filter((call) => !call.hostile && isDuring(steady, call.sentAtMs))
  const busiest = Math.max(0, ...[...Map.groupBy(honest, ({ agent }) => agent).values()].map((own) => own.length))
  const perMinute = (busiest * 60_000) / (steady.toMs - steady.fromMs)
  if (busiest === 0) return []
  const present = manifest.declared.perAgent?.ratePerMinute
  const enough = Math.ceil((2 * perMinute) / 10) * 10
  if (present === undefined || present <= enough) return []
  return [{ setting: 'AGENT_RATE_PER_MINUTE', present: String(present), suggested: `${enough} (twice the busiest honest agent)` }]
}
