// When a run must stop by itself: a share of calls that fail, an answer time, or a question to the user's own Prometheus.
// Halting is a stop like Ctrl-C: no more load, faults healed, what was recorded is judged, and its passes are unknown.
// On hosts that are not this machine `errorShare>0.5 for 10s` holds unless `--halt` says else, and
// the cap on calls ends the run before it is passed. Refusals (429, 503) are no errors: a server
// that defends itself needs no protection. Figures are those of the load's own files.
// Not modelled: what only a person can see.
import { setTimeout as wait } from 'node:timers/promises'
import { HarnessError } from '../errors.ts'
import type { LiveFigures } from './live.ts'

const LOOK_EVERY_MS = 500
const SECONDS_MAX = 600

type Figure = 'errorShare' | 'refusedShare' | 'p95Ms'

/** It halts once the figure has been beyond the limit in every look of so many seconds. */
export interface HaltRule {
  text: string
  figure: Figure
  beyond: (value: number) => boolean
  forS: number
}

export const BUILT_IN = 'errorShare>0.5 for 10s'

/** @throws HarnessError `BAD_OPTION` */
export function parseHalt(text: string): HaltRule {
  const [, figure, sign, limit, seconds] =
    /^\s*(errorShare|refusedShare|p95Ms)\s*([<>])\s*(\d+(?:\.\d+)?)\s+for\s+(\d+)\s*s\s*$/.exec(text) ?? []
  const forS = Number(seconds)
  if (figure === undefined || forS < 1 || forS > SECONDS_MAX)
    throw new HarnessError(
      'BAD_OPTION',
      `--halt is ${JSON.stringify(text)}`,
      `--halt '${BUILT_IN}', with errorShare, refusedShare or p95Ms`,
    )
  const beyond = sign === '>' ? (value: number) => value > Number(limit) : (value: number) => value < Number(limit)
  return { text: text.trim(), figure: figure as Figure, beyond, forS }
}

export interface Watched {
  rules: readonly HaltRule[]
  figures: () => LiveFigures
  /** Calls that may be sent in all, and after how many it ends: a second before, unless the plan itself has more. */
  calls?: { max: number; endAfter: number }
  halt: (because: string) => void
  signal: AbortSignal
}

/** Until the signal, or until it has halted. */
export async function watchHalts({ rules, figures, calls, halt, signal }: Watched): Promise<void> {
  const watches = rules.map((rule) => ({ rule, look: looking(rule) }))
  while (!signal.aborted) {
    const now = figures()
    const nowMs = performance.now()
    for (const { rule, look } of watches) {
      const value = look(now, nowMs)
      if (value !== undefined) return halt(`${rule.text}: it was ${Number(value.toFixed(2))}`)
    }
    if (calls && now.counts.offered > calls.endAfter) return halt(`${now.counts.offered} calls were sent; the cap is ${calls.max}`)
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** @returns a look at the newest figures: the value that halts, or undefined */
export function looking({
  figure,
  beyond,
  forS,
}: HaltRule): (now: Pick<LiveFigures, 'counts' | 'p95Ms'>, nowMs: number) => number | undefined {
  let before: LiveFigures['counts'] | undefined
  let sinceMs: number | undefined
  return ({ counts, p95Ms }, nowMs) => {
    const value = figure === 'p95Ms' ? p95Ms : shareIn(counts, before, figure)
    // Without an answer since the last look nothing is known: what was, goes on.
    if (value === undefined) return undefined
    before = counts
    if (!beyond(value)) sinceMs = undefined
    else sinceMs ??= nowMs
    return sinceMs !== undefined && nowMs - sinceMs >= forS * 1_000 ? value : undefined
  }
}

function shareIn(counts: LiveFigures['counts'], before: LiveFigures['counts'] | undefined, figure: Figure): number | undefined {
  const since = (name: 'good' | 'late' | 'refused' | 'failed') => counts[name] - (before?.[name] ?? 0)
  const failed = since('failed')
  const refused = since('refused')
  const answered = since('good') + since('late') + refused + failed
  return answered === 0 ? undefined : (figure === 'errorShare' ? failed : refused) / answered
}
