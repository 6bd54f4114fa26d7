// What may stop a run from within: its halt conditions, and on hosts that are not this machine the cap on calls.
import type { Plan } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import { BUILT_IN, parseHalt, watchHalts } from './halt.ts'
import { watchPromql } from './halt-promql.ts'
import type { LiveFigures } from './live.ts'
import type { RunOptions } from './run.ts'
import { capsOf, costOf, isLoopback } from './safety.ts'

/** @param url of the server itself */
export function watches(
  { plan, target, halts, promql, stop }: Pick<RunOptions, 'plan' | 'target' | 'halts' | 'promql' | 'stop'>,
  url: string,
  figures: () => LiveFigures,
  signal: AbortSignal,
): Promise<void>[] {
  const far = !isLoopback(url)
  const halt = (because: string) => stop(`halted: ${because}`)
  const rules = halts ?? (far ? [parseHalt(BUILT_IN)] : [])
  const calls = callsHalt(plan, target.value)
  return [
    ...(far || rules.length > 0 ? [watchHalts({ rules, figures, ...(far && { calls }), halt, signal })] : []),
    ...(promql ? [watchPromql(promql, halt, signal)] : []),
  ]
}

/**
 * A second before the cap, for what is on the way. Never before the plan's own end: what it has was held
 * against the cap before the run, and a run whose every call was allowed must not end as one that was halted.
 */
export function callsHalt(plan: Plan, target: Target): { max: number; endAfter: number } {
  const { callsMax: max, ratePerSecondMax } = capsOf(target)
  const planned = costOf(plan, target).find(({ name }) => name === 'callsMax')?.value ?? 0
  return { max, endAfter: Math.max(max - ratePerSecondMax, Math.min(max, planned)) }
}
