// A15: no budget lets in more than it says, in whatever window one looks: burst + rate × W in every sliding window W, over all instances.
// Counted are calls that were sent and answered inside the window, so that neither clock nor network can bring one in that was not there.
// A limiter that counts by the minute lets twice the limit pass around its edge, or all of a minute's calls at once.
//
// Limits: admissionsRatio, room for clocks that run apart (default 1.02 ×, ours). A window that holds a time in which Redis was away has one
// local burst more (the declared mode), one in which it lost what it held as well (extra-bursts.ts). Besides, a server may have lost sight of
// its Redis for a moment: what fits into one burst more is then unknown. So is what is too much only with errors of the server's own
// (500): a limiter that cannot ask its store may have answered them, and let nobody in.
// Once Redis is back it counts there again (still-local.ts): until then what one instance lets in no other sees.
// Calls at once (declared.concurrentCalls) are no window: where an agent had more than twice as many under way and was never refused for it,
// they may have waited for each other inside, or nobody counts: unknown.
// Not modelled: budgets that the target does not declare (hours, tenants); stored answers (replays may have a budget of their own).
import type { Call } from '../history/event.ts'
import { byEnd } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { peakInFlight } from '../history/in-flight.ts'
import { causesOf } from '../history/queries.ts'
import type { Stretch } from '../history/stretch.ts'
import { ratio } from '../parameters.ts'
import type { Role } from '../plan/plan.ts'
import { isAdmitted, mayBeAdmitted } from './admitted.ts'
import { check, type Finding } from './check.ts'
import { burstsIn, type Extra, extraBursts, lapsesOf } from './extra-bursts.ts'
import { indexes, notExercised, some, time, unknown } from './finding.ts'
import { type FullestWindow, fullestWindow } from './fullest-window.ts'
import { stillLocal } from './still-local.ts'

const WITNESSES = 20

export const limiterTrue = check({
  code: 'A15',
  title: 'A limit is a limit in every window',
  why: 'Agents call at machine speed. A limiter with a seam is found within seconds, and the pool behind it was sized for less.',
  remedy: {
    control: 'admission',
    do: 'Count in a bucket (GCRA) or a sliding window, by agent and not by session, in one place for all instances; check and charge in one step.',
    runbook: 'RATE_LIMITED',
  },
  source: 'seed 2, "Rate Limiting That Actually Works"; Brandur Leach, "Rate limiting, cells, and GCRA"',
  sort: 'exact',
  needs: ['responses', 'declared.perAgent'],
  limits: { admissionsRatio: ratio(1.02, { from: 1, to: 10 }) },
  judge(history, { admissionsRatio }) {
    const extra = extraBursts(history)
    const budgets = budgetsOf(history, isAdmitted)
    const { over, most } = overIn(budgets, extra, admissionsRatio)
    const [worst] = over
    const [errors] = worst || !history.calls.some(isError) ? [] : overIn(budgetsOf(history, mayBeAdmitted), extra, admissionsRatio).over
    if (most === 0 && !errors) return notExercised('no call was let in on a declared budget')
    const mayHaveLapsed = lapsesOf(history, extra)
    const lapse = over.every((one) => one.calls.length <= one.allowed + one.burst && mayHaveLapsed(one))
    const local = worst ? undefined : stillLocal(history)
    if (local) return local
    if (errors) return unknownWith(errors)
    const crowd = worst ? undefined : uncounted(history)
    if (crowd) return crowd
    const samples = budgets.reduce((sum, { admitted }) => sum + admitted.length, 0)
    return {
      status: worst ? (lapse ? 'unknown' : 'fail') : 'pass',
      measured: most,
      limit: 1,
      unit: 'of what the budget allows',
      samples,
      says: worst
        ? `${letIn(worst)}${lapse ? ', or one burst more while Redis is silent, which was not asked of it' : ''}`
        : `no window of ${some(budgets.length, 'budget')} let in more than it may`,
      witnesses: indexes(over.flatMap(({ calls, allowed }) => calls.slice(Math.floor(allowed))).slice(0, WITNESSES)),
      ...(worst && { advice: [{ setting: worst.declared, present: worst.terms, suggested: worst.terms }] }),
    }
  },
})

function isError({ class: is }: Call): boolean {
  return is === 'server-error'
}

function letIn({ owner, calls, windowMs, terms, allowed }: Fullest): string {
  return `${owner} was let in ${calls.length} times in ${time(windowMs)}; its budget of ${terms} allows ${Math.floor(allowed)}`
}

function unknownWith(errors: Fullest): Finding {
  const failed = errors.calls.filter(isError)
  return unknown(`${letIn(errors)}, but ${failed.length} of them were errors of the server's own: they may never have come so far`, {
    measured: errors.used,
    limit: 1,
    unit: 'of what the budget allows',
    samples: errors.calls.length,
    witnesses: indexes(failed.slice(0, WITNESSES)),
  })
}

/** Many more of one agent at once than declared, and it was not told so. */
function uncounted({ calls, manifest }: History): Finding | undefined {
  const { concurrentCalls: limit } = manifest.declared
  if (limit === undefined) return undefined
  for (const [agent, own] of Map.groupBy(calls, ({ agent }) => agent)) {
    const served = own.filter(({ class: is, role }) => is === 'served' && role !== 'handshake')
    const { calls: measured, atMs } = peakInFlight(served)
    const isTold = ({ class: is, budget = 'concurrency' }: Call) => is === 'refused' && budget === 'concurrency'
    if (measured <= 2 * limit || own.some(isTold)) continue
    return unknown(`${agent} had ${measured} calls under way at once, declared are ${limit}, and none was refused for it`, {
      ...{ measured, limit, unit: 'calls at once', samples: served.length },
      witnesses: indexes(causesOf(served, atMs, WITNESSES)),
    })
  }
  return undefined
}

interface Budget {
  owner: string
  /** Where the target declares it. */
  declared: string
  terms: string
  burst: number
  perMs: number
  /** Admitted and answered, in the order of their answers. */
  admitted: Call[]
}

interface Fullest extends Omit<Budget, 'admitted'> {
  calls: Call[]
  fromMs: number
  toMs: number
  windowMs: number
  allowed: number
  /** Calls ÷ allowed. */
  used: number
}

function budgetsOf(history: History, admits: (call: Call) => boolean): Budget[] {
  const { perAgent, perAgentTool = {} } = history.manifest.declared
  const admitted = byEnd(history).filter(admits)
  return [...Map.groupBy(admitted, ({ agent }) => agent)].flatMap(([agent, own]) => {
    const budget = (
      owner: string,
      declared: string,
      calls: Call[],
      given: { ratePerMinute: number; burst: number } | undefined,
    ): Budget[] => {
      if (!given || calls.length === 0) return []
      const { ratePerMinute, burst } = given
      return [
        {
          owner,
          declared,
          terms: `${ratePerMinute} a minute, ${burst} at once`,
          burst,
          perMs: ratePerMinute / 60_000,
          admitted: calls,
        },
      ]
    }
    const roles = Object.keys(perAgentTool) as Role[]
    const ofTools = roles.flatMap((role) => {
      const calls = own.filter((call) => call.role === role)
      return budget(`${agent} on ${calls[0]?.tool ?? role}`, `declared.perAgentTool.${role}`, calls, perAgentTool[role])
    })
    return [...budget(agent, 'declared.perAgent', own, perAgent), ...ofTools]
  })
}

/** Those over their budgets, the worst first, and what the fullest of all used of its own: 0 where nobody was let in. */
function overIn(budgets: readonly Budget[], extra: readonly Extra[], slack: number): { over: Fullest[]; most: number } {
  const found = budgets.flatMap((budget) => fullest(budget, extra, slack) ?? [])
  const over = found.filter(({ used }) => used > 1).sort((a, b) => b.used - a.used)
  return { over, most: found.reduce((most, { used }) => Math.max(most, used), 0) }
}

/** The window that used most of what it may: of those that go furthest beyond what the rate refills, one for each set of extra bursts. */
function fullest({ admitted, ...budget }: Budget, extra: readonly Extra[], slack: number): Fullest | undefined {
  const perMs = budget.perMs * slack
  const used = (window: FullestWindow): Fullest => {
    const { fromMs, toMs } = window
    const calls = admitted.filter(({ sentAtMs, endedAtMs = sentAtMs }) => sentAtMs >= fromMs && endedAtMs <= toMs)
    const windowMs = toMs - fromMs
    const allowed = budget.burst * (1 + burstsIn(extra, window)) + perMs * windowMs
    return { ...budget, calls, fromMs, toMs, windowMs, allowed, used: calls.length / allowed }
  }
  const whole = fullestWindow(admitted, perMs)
  if (!whole) return undefined
  // What stays within the budget itself needs no extra burst, nor does any other window then.
  if (extra.length === 0 || whole.calls <= budget.burst + perMs * (whole.toMs - whole.fromMs)) return used(whole)
  const found = between(extra).flatMap(({ fromMs, toMs }) => {
    const inside = admitted.filter(({ sentAtMs, endedAtMs = sentAtMs }) => sentAtMs > fromMs && endedAtMs < toMs)
    return fullestWindow(inside, perMs) ?? []
  })
  return found.map(used).reduce((most, one) => (one.used > most.used ? one : most), used(whole))
}

/** Stretches of which no window that has fewer extra bursts reaches out: from the end of one, or the beginning, to the begin of another. */
function between(extra: readonly Extra[]): Stretch[] {
  const begins = [Number.NEGATIVE_INFINITY, ...extra.map(({ toMs }) => toMs)]
  const ends = [Number.POSITIVE_INFINITY, ...extra.map(({ fromMs }) => fromMs)]
  return begins.flatMap((fromMs) => ends.flatMap((toMs) => (fromMs < toMs ? [{ fromMs, toMs }] : [])))
}
