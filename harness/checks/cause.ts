// What turned calls away, as far as the recording shows it: the same symptom (agents starve, a server does not come back) has causes in
// different defences, and advice that names the usual one sends its reader to the wrong place. Read from measured facts alone: how most
// of the calls ended, which budget refused them, which pool was full meanwhile, which breaker read open. What nobody can see is not named.
//
// Not modelled: causes in what the target does not show; settings, unless the fact names the one that decides.
import type { Call } from '../history/event.ts'
import { fullPools } from '../history/full-pools.ts'
import type { History } from '../history/history.ts'
import { type Point, points } from '../history/samples.ts'
import { anyNear } from '../history/sorted.ts'
import type { Remedy } from './check.ts'
import { some } from './finding.ts'

/** A reading speaks for calls so near to it; readings come twice to four times a second. */
const NEAR_MS = 1_000

/** The remedy for what most of these calls met; undefined when no more than half of them met the same, or it points nowhere. */
export function remedyFor(history: History, calls: readonly Call[]): Remedy | undefined {
  const [is, met] = [...Map.groupBy(calls, (call) => call.class)].sort(([, a], [, b]) => b.length - a.length)[0] ?? []
  if (!is || !met || met.length * 2 <= calls.length) return undefined
  const share = `${met.length} of ${some(calls.length, 'such call')}`
  if (is === 'queue') return ofQueue(history, met, share)
  if (is === 'dependency') return ofDependency(history, met, share)
  if (is === 'refused') return ofBudget(met, share)
  if (is === 'shed')
    return {
      control: 'overload',
      do: `${share} were shed: look at what the server took itself to be full of, and whether it counts what has ended.`,
      runbook: 'OVERLOADED',
    }
  if (is === 'timeout' || is === 'lost')
    return {
      control: 'deadline',
      do: `${share} ran out of time: look at what they waited for, and end the work behind a call whose time is over.`,
      runbook: 'TOOL_TIMEOUT',
    }
  return undefined
}

function ofQueue(history: History, met: readonly Call[], share: string): Remedy {
  const full = fullPools(history, met).map(({ series, most }) => `${series} had all its ${most} connections in use`)
  const look = 'what holds what they waited for: a second connection asked for while one is held, a connection kept across another wait'
  return {
    control: 'bulkhead',
    do: `${share} were turned away in a queue${full.length > 0 ? ` while ${full.join(', and ')}` : ''}. Look at ${look}; drop what waited past its deadline.`,
    runbook: 'QUEUE_FULL',
  }
}

function ofDependency(history: History, met: readonly Call[], share: string): Remedy {
  const runbook = 'DEPENDENCY_UNAVAILABLE'
  const open = openBreaker(history, met)
  if (open !== undefined)
    return {
      control: 'breaker',
      do: `${share} were turned away for their dependency while ${open} read open: look at what opened it, let it probe after its open time, and close on the first success.`,
      runbook,
    }
  return points(history, 'breakerOpen').length > 0
    ? {
        control: 'connections',
        do: `${share} failed at their dependency while no breaker read open: look at whether broken connections are thrown away and made anew.`,
        runbook,
      }
    : {
        control: 'breaker, or the connections behind it',
        do: `${share} failed at their dependency; which of the two it was, a metric of the breaker would show.`,
        runbook,
      }
}

function ofBudget(met: readonly Call[], share: string): Remedy {
  return {
    control: 'admission',
    do: `${share} were refused by a budget: ${budgetsIn(met)}. Look at whom it counts together, and give each agent one of its own.`,
    runbook: 'RATE_LIMITED',
  }
}

/** `agent (12), a budget without a name (3)`: which refused these calls. */
export function budgetsIn(refused: readonly Call[]): string {
  const budgets = [...Map.groupBy(refused, ({ budget }) => budget ?? 'a budget without a name')].sort(([, a], [, b]) => b.length - a.length)
  return budgets.map(([budget, all]) => `${budget} (${all.length})`).join(', ')
}

/** The breaker that read open near most of these calls. */
export function openBreaker(history: History, calls: readonly Call[]): string | undefined {
  const readings = points(history, 'breakerOpen').filter(({ value }) => value === 1)
  const near = (open: readonly Point[]) => {
    const moments = open.map(({ atMs }) => atMs)
    return calls.filter(({ sentAtMs }) => anyNear(moments, sentAtMs, NEAR_MS))
  }
  return [...Map.groupBy(readings, ({ series }) => series)].find(([, open]) => near(open).length * 2 > calls.length)?.[0]
}
