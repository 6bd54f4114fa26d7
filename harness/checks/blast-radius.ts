// A13: what is broken hurts only those who need it. One slow table, one hanging API must not take the calls that never touch
// them: a pool that all tools share, or a connection held across a wait, makes one part's outage everybody's.
//
// Calls are untouched when their role needs nothing that a fault of the window breaks: `postgres:orders` is not touched by a lock on
// `invoices`, `postgres` is touched by everything there. Where agents are all the stress, nothing is broken, whatever they ask for and
// however wrong: they touch the tools that they call, and no other, even one that reads the same table or asks the same API. Each
// untouched role is judged by itself: share of good answers under stress ÷ steady (default limit 0.99), and p95 (default 1.5 × + 50 ms;
// 200 samples on each side; of fewer, from leastPlanned, 30, on, the median is held to it: half are slower than nearly all were). All
// ours. A role without any needs is left out: nobody has said what it does without; so are agents that did not ask in the steady phase.
// Not modelled: needs that are not all named.
import type { Call } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { intentsOfRegulars } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { quantileOf } from '../history/quantiles.ts'
import { type Intent, phaseOf, phasesOf } from '../history/queries.ts'
import { isDuring } from '../history/stretch.ts'
import { count, milliseconds, ratio, share } from '../parameters.ts'
import type { Phase, Role } from '../plan/plan.ts'
import { openBreaker, remedyFor } from './cause.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, percent, time, unknown, worst } from './finding.ts'
import { goodShare } from './good-share.ts'

const WITNESSES = 20
const P95_SAMPLES = 200

interface Limits {
  goodShare: number
  latencyRatio: number
  latencyFloorMs: number
  leastPlanned: number
}

export const blastRadius = check({
  code: 'A13',
  title: 'What is broken hurts only those who need it',
  why: 'When every tool waits in the same line, the slowest one decides how all of them feel, health checks and log-ins too.',
  remedy: {
    control: 'bulkhead',
    do: 'Give cheap reads, expensive reads and writes pools of their own, each with a bounded queue, and hold no connection across another wait.',
    runbook: 'QUEUE_FULL',
  },
  source: 'Nygard, Release It!, "Bulkheads"; crystaldba#98; IBM context-forge#1706; limits are ours',
  sort: 'statistical',
  comparesWithBaseline: true,
  needs: ['responses'],
  limits: {
    goodShare: share(0.99),
    latencyRatio: ratio(1.5, { from: 1, to: 100 }),
    latencyFloorMs: milliseconds(50),
    leastPlanned: count(30),
  },
  judge(history, limits) {
    const steady = phaseOf(history, 'steady')
    if (!steady) return unknown('the plan has no steady phase to compare with')
    const found = phasesOf(history, 'stress').flatMap((stress) => {
      const faults = faultsOf(history).filter(({ window }) => window === stress.window)
      const roles = faults.length > 0 ? withoutNeedOf(history, faults) : notCalledByHostile(history, stress)
      const without = faults.length > 0 ? 'needs nothing that broke' : 'the stress did not call'
      return roles.map((role) => {
        const own = intentsOfRegulars(history).filter(({ first }) => first.role === role)
        return { ...compare(history, own, `${role}, which ${without},`, steady, stress, limits), evidence: 'direct' as const }
      })
    })
    if (found.length > 0) return worst(found)
    return notExercised(
      faultsOf(history).length > 0
        ? 'every role needs what the stress breaks, or names no needs: name them as fine as a table'
        : 'every role is called by the stress, or there is none',
    )
  },
})

function withoutNeedOf(history: History, faults: readonly FaultRecord[]): string[] {
  const broken = faults.flatMap(({ dependency, parameters: { table } }) => {
    if (dependency === undefined) return []
    return [typeof table === 'string' && table !== '' ? `${dependency}:${table}` : dependency]
  })
  if (broken.length === 0 || broken.includes('server')) return []
  return rolesCalled(history).filter((role) => {
    const { needs = [] } = history.plan.roles[role] ?? {}
    return needs.length > 0 && !needs.some((need) => broken.some((one) => meet(need, one)))
  })
}

function notCalledByHostile(history: History, stress: Phase): string[] {
  const hostile = history.calls.filter((call) => call.hostile && call.role !== 'handshake' && isDuring(stress, call.sentAtMs))
  const touched = new Set(hostile.map(({ role }) => role))
  return touched.size > 0 ? rolesCalled(history).filter((role) => !touched.has(role)) : []
}

/** By those who have something to lose. */
function rolesCalled(history: History): Role[] {
  const called = new Set<string>(intentsOfRegulars(history).map(({ first }) => first.role))
  return (Object.keys(history.plan.roles) as Role[]).filter((role) => called.has(role))
}

/** `postgres` meets `postgres:orders`; two tables meet only when they are the same. Either may be named without its schema. */
function meet(need: string, broken: string): boolean {
  const [[dependency, table], [other, brokenTable]] = [need.split(':'), broken.split(':')]
  if (dependency !== other || table === undefined || brokenTable === undefined) return dependency === other
  return table === brokenTable || table.endsWith(`.${brokenTable}`) || brokenTable.endsWith(`.${table}`)
}

function compare(history: History, own: Intent[], who: string, steady: Phase, stress: Phase, limits: Limits): Finding {
  const { before, during, interval, bad, shown } = goodShare(own, steady, stress, { seed: history.plan.seed, limit: limits.goodShare })
  const [was, is] = [took(own, steady), took(own, stress)]
  const isFew = Math.min(was.length, is.length) < P95_SAMPLES
  const [wasMs, isMs] = [quantileOf(was, 0.95), quantileOf(is, isFew ? 0.5 : 0.95)]
  const allowedMs = wasMs * limits.latencyRatio + limits.latencyFloorMs
  const shares = `${who} went from ${percent(before.share)} to ${percent(during.share)} good`
  if (!interval || Math.min(before.planned, during.planned) < limits.leastPlanned)
    return unknown(`${shares}: ${before.planned} and ${during.planned} calls are too few to compare`, shown)
  if (interval[1] < limits.goodShare)
    return { ...shown, status: 'fail', timed: true, says: shares, witnesses: indexes(bad.slice(0, WITNESSES)), ...remedied(history, bad) }
  if (Math.min(was.length, is.length) >= limits.leastPlanned && isMs > allowedMs) {
    const slow = own.filter(({ first }) => isDuring(stress, first.sentAtMs)).map(({ first }) => first)
    slow.sort((a, b) => (b.endedAtMs ?? 0) - b.sentAtMs - ((a.endedAtMs ?? 0) - a.sentAtMs))
    return {
      ...shown,
      measured: isMs,
      limit: allowedMs,
      unit: 'ms',
      status: 'fail',
      timed: true,
      says: `${shares}, but its ${isFew ? 'median is now over its p95 of before:' : 'p95'} from ${time(wasMs)} to ${time(isMs)}; allowed are ${time(allowedMs)}`,
      witnesses: indexes(slow.slice(0, WITNESSES)),
    }
  }
  if (interval[0] < limits.goodShare)
    return unknown(`${shares}: between ${percent(interval[0])} and ${percent(interval[1])} of before, which does not decide`, shown)
  return { ...shown, status: 'pass', says: shares }
}

function remedied(history: History, bad: readonly Call[]): Pick<Finding, 'remedy' | 'follows'> {
  const remedy = remedyFor(history, bad)
  const isShut = remedy?.control === 'breaker' && faultsOf(history).length === 0 && openBreaker(history, bad) !== undefined
  return { ...(remedy && { remedy }), ...(isShut && { follows: ['breaker-not-fooled'] }) }
}

function took(own: readonly Intent[], phase: Phase): number[] {
  return own.flatMap(({ first, straddles }) =>
    !straddles && isDuring(phase, first.sentAtMs) && first.outcome === 'ok' && first.endedAtMs !== undefined
      ? [first.endedAtMs - first.plannedAtMs]
      : [],
  )
}
