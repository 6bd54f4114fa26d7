// A15: no budget lets in more than it says, in whatever window one looks: burst + rate × W in every sliding window W, over all instances.
// Counted are calls that were sent and answered inside the window, so that neither clock nor network can bring one in that was not there.
// A limiter that counts by the minute lets twice the limit pass around its edge, or all of a minute's calls at once.
//
// Limits: admissionsRatio, room for clocks that run apart (default 1.02 ×, ours). Each fault on Redis adds one local burst: the declared
// mode. Without one a server may still have lost sight of its Redis for a moment: what fits into one burst more is then unknown. So is what
// is too much only with errors of the server's own (500): a limiter that cannot ask its store may have answered them, and let nobody in.
// Once Redis is back it counts there again: within the declared open time of its breaker and two probes of a second, where it tells
// (observe.metrics.limiterLocal) and calls came by which it must notice. Until then what one instance lets in no other sees.
// Calls at once (declared.concurrentCalls) are no window: where an agent had more than twice as many under way and was never refused for it,
// they may have waited for each other inside, or nobody counts: unknown.
// Not modelled: budgets that the target does not declare (hours, tenants); stored answers (replays may have a budget of their own).
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { byEnd } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { peakInFlight } from '../history/in-flight.ts'
import { instancesOf } from '../history/instances.ts'
import { causesOf } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import { ratio } from '../parameters.ts'
import type { Role } from '../plan/plan.ts'
import { isAdmitted, localBursts, mayBeAdmitted } from './admitted.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, time, unknown } from './finding.ts'
import { fullestWindow } from './fullest-window.ts'

const WITNESSES = 20

export const limiterTrue = check({
  code: 'A15',
  title: 'A limit is a limit in every window',
  why: 'Agents call at machine speed. A limiter with a seam is found within seconds, and the pool behind it was sized for less.',
  remedy: {
    control: 'admission',
    do: 'Count in a bucket (GCRA) or a sliding window, in one place for all instances, and check and charge in one step.',
    runbook: 'RATE_LIMITED',
  },
  source: 'seed 2, "Rate Limiting That Actually Works"; Brandur Leach, "Rate limiting, cells, and GCRA"',
  sort: 'exact',
  needs: ['responses', 'declared.perAgent'],
  limits: { admissionsRatio: ratio(1.02, { from: 1, to: 10 }) },
  judge(history, { admissionsRatio }) {
    const budgets = budgetsOf(history, isAdmitted)
    const { over, most } = overIn(budgets, admissionsRatio)
    const [worst] = over
    const [errors] = worst || !history.calls.some(isError) ? [] : overIn(budgetsOf(history, mayBeAdmitted), admissionsRatio).over
    if (most === 0 && !errors) return notExercised('no call was let in on a declared budget')
    const lapse = localBursts(history) === 'perhaps' && over.every(({ calls, allowed, burst }) => calls.length <= allowed + burst)
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

/** Two probes of a second, as breaker-recovers has them. ours */
const PROBES_MS = 2_000
/** Calls by which it must have noticed. ours */
const NOTICED_BY = 20

/** An instance that counts for itself though Redis has long been back. */
function stillLocal(history: History): Finding | undefined {
  const { breakerOpenMs } = history.manifest.declared
  const heals = faultsOf(history).flatMap(({ dependency, overMs }) => (dependency === 'redis' ? [overMs] : []))
  if (breakerOpenMs === undefined || heals.length === 0) return undefined
  const [healedMs, limit] = [Math.max(...heals), breakerOpenMs + PROBES_MS]
  const since = byEnd(history).filter(({ sentAtMs }) => sentAtMs > healedMs + limit)
  const noticedAtMs = since[NOTICED_BY * instancesOf(history) - 1]?.endedAtMs ?? Number.POSITIVE_INFINITY
  for (const [series, all] of Map.groupBy(points(history, 'limiterLocal'), (point) => point.series)) {
    const own = all.filter(({ atMs }) => atMs > noticedAtMs)
    const last = own.at(-1)
    // One that never read 0 tells something else.
    if (!last || own.some(({ value }) => value !== 1) || !all.some(({ value }) => value === 0)) continue
    const tookMs = Math.round(last.atMs - healedMs)
    return {
      status: 'fail',
      timed: true,
      measured: tookMs,
      limit,
      unit: 'ms after the heal',
      samples: own.length,
      says: `${series} was still 1 ${time(tookMs)} after Redis was back: it counts for itself, and no other instance sees what it lets in`,
      witnesses: indexes(since.slice(0, WITNESSES)),
    }
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
  windowMs: number
  allowed: number
  /** Calls ÷ allowed. */
  used: number
}

function budgetsOf(history: History, admits: (call: Call) => boolean): Budget[] {
  const { perAgent, perAgentTool = {} } = history.manifest.declared
  const bursts = localBursts(history)
  const local = bursts === 'perhaps' ? 1 : 1 + bursts
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
          burst: burst * local,
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
function overIn(budgets: readonly Budget[], slack: number): { over: Fullest[]; most: number } {
  const found = budgets.flatMap((budget) => fullest(budget, slack) ?? [])
  const over = found.filter(({ used }) => used > 1).sort((a, b) => b.used - a.used)
  return { over, most: found.reduce((most, { used }) => Math.max(most, used), 0) }
}

/** The window that went furthest beyond what the rate refills in it: if any is over its budget, this one is. */
function fullest({ admitted, ...budget }: Budget, slack: number): Fullest | undefined {
  const window = fullestWindow(admitted, budget.perMs * slack)
  if (!window) return undefined
  const calls = admitted.filter(({ sentAtMs, endedAtMs = sentAtMs }) => sentAtMs >= window.fromMs && endedAtMs <= window.toMs)
  const windowMs = window.toMs - window.fromMs
  const allowed = budget.burst + budget.perMs * windowMs * slack
  return { ...budget, calls, windowMs, allowed, used: calls.length / allowed }
}
