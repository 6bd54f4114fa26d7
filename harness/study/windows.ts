// What is compared of a run: its measured agents' calls, second by second. Times are from the planned moment to the answer of served calls:
// per role as sums of logarithms, since roles take different times and their mix is drawn, and over all as counts in steps of 5 %, so that
// seconds can be drawn again and added up without sorting a call twice.
import type { History } from '../history/history.ts'
import { intents, windowsOf } from '../history/queries.ts'
import type { PhaseName } from '../plan/plan.ts'

const STEP = Math.log(1.05)
const LEAST_MS = 0.1
/** From 0.1 ms to about a minute and a half. */
export const STEPS = 282

export interface Second {
  phase: PhaseName
  planned: number
  good: number
  served: number
  /** Served calls by role: how many, and the sum of the natural logarithms of their times in ms. */
  roles: ReadonlyMap<string, { served: number; logMs: number }>
  /** Served calls by time, in steps of 5 %. */
  times: Uint32Array
}

/** In the order of time; without the warm-up. */
export function secondsOf(history: History): Second[] {
  const all = intents(history.calls)
  const stretches = history.plan.phases.filter(({ name }) => name !== 'warm-up')
  return stretches.flatMap((stretch) => windowsOf(all, stretch).map((window) => secondOf(stretch.name, window)))
}

function secondOf(phase: PhaseName, { planned, good, intents: asked }: ReturnType<typeof windowsOf>[number]): Second {
  const times = new Uint32Array(STEPS)
  const roles = new Map<string, { served: number; logMs: number }>()
  let served = 0
  for (const { first } of asked) {
    if (first.outcome !== 'ok' || first.endedAtMs === undefined) continue
    const ms = Math.max(LEAST_MS, first.endedAtMs - first.plannedAtMs)
    const step = stepOf(ms)
    times[step] = (times[step] as number) + 1
    const role = roles.get(first.role) ?? { served: 0, logMs: 0 }
    role.served++
    role.logMs += Math.log(ms)
    roles.set(first.role, role)
    served++
  }
  return { phase, planned, good, served, roles, times }
}

export function stepOf(ms: number): number {
  return Math.min(STEPS - 1, Math.floor(Math.log(ms / LEAST_MS) / STEP))
}

/** Ms at a quantile of counts by time; NaN without any. */
export function quantileMs(times: Uint32Array, p: number): number {
  let left = 0
  for (const count of times) left += p * count
  for (let step = 0; step < STEPS; step++) {
    const count = times[step] as number
    if (count > 0 && left <= count) return LEAST_MS * Math.exp((step + left / count) * STEP)
    left -= count
  }
  return Number.NaN
}
