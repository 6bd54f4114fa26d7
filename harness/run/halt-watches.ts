// What may stop a run from within: its halt conditions, and on hosts that are not this machine the cap on calls.
import { BUILT_IN, parseHalt, watchHalts } from './halt.ts'
import { watchPromql } from './halt-promql.ts'
import type { LiveFigures } from './live.ts'
import type { RunOptions } from './run.ts'
import { capsOf, isLoopback } from './safety.ts'

/** @param url of the server itself */
export function watches(
  { target, halts, promql, stop }: Pick<RunOptions, 'target' | 'halts' | 'promql' | 'stop'>,
  url: string,
  figures: () => LiveFigures,
  signal: AbortSignal,
): Promise<void>[] {
  const far = !isLoopback(url)
  const halt = (because: string) => stop(`halted: ${because}`)
  const { callsMax, ratePerSecondMax } = capsOf(target.value)
  const rules = halts ?? (far ? [parseHalt(BUILT_IN)] : [])
  const calls = { max: callsMax, perSecond: ratePerSecondMax }
  return [
    ...(far || rules.length > 0 ? [watchHalts({ rules, figures, ...(far && { calls }), halt, signal })] : []),
    ...(promql ? [watchPromql(promql, halt, signal)] : []),
  ]
}
