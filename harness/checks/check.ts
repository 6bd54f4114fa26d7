// What a check is written against. Pure: a verdict is a function of the history and the check's limits.
import type { History } from '../history/history.ts'
import type { Parameters, Values } from '../parameters.ts'

export type Status = 'pass' | 'fail' | 'unknown' | 'not-judged'

/** What `judge` of a check returns; judge.ts adds the check's own texts and applies the gates. */
export interface Finding {
  status: Exclude<Status, 'not-judged'>
  /** The figure that decides, in `unit`; absent when there was nothing to measure. */
  measured?: number
  /** 95 % interval of `measured`, for statistical checks. */
  interval?: [number, number]
  limit?: number
  unit?: string
  /** Things looked at. */
  samples: number
  /** One sentence a person would say, with the figures: "41 of 212 refusals had no Retry-After". */
  says: string
  evidence?: 'direct' | 'inferred'
  /** History indexes of the calls that show it, worst first; at most 20 are kept. */
  witnesses?: number[]
  /** Witnesses that are no calls: "key st-…-w7: rows INV-0007, INV-0008". */
  exhibits?: string[]
  /** True when there was nothing to look at: a pass without weight. */
  notExercised?: boolean
  /**
   * The key of `Manifest.offers` by which a target promises that there is something to look at (with `notExercised`), or says what
   * it is to be held against (with `unknown`). One that does not is neither unknown: it is not judged, and told the line.
   */
  promisedBy?: string
  /** A fail of durations, or of what came too late: one that a machine which stood still can cause by itself. Counts are none. */
  timed?: boolean
  /** Settings that would repair it, shown with the remedy. Where `present` is as suggested, the value is right and not kept. */
  advice?: Advice[]
  /** Instead of the check's own, where the history shows which defence it was. */
  remedy?: Remedy
  /** Checks from whose failure the history shows this one to come, at least in part: told where those failed too. */
  follows?: string[]
}

export interface Advice {
  /** As the reference server calls it, or `declared.…` of the target. */
  setting: string
  present?: string
  suggested: string
}

export interface Remedy {
  /** The defence at fault: `admission`, `bulkhead`, `breaker`, … */
  control: string
  /** What to do, in a sentence. */
  do: string
  /** Entry of the runbook. */
  runbook?: string
}

export interface CheckDefinition<P extends Parameters = Parameters> {
  kind: 'check'
  /** Short name of the definition in docs: `A6`, `G1`. */
  code: string
  title: string
  why: string
  remedy: Remedy
  source: string
  /** Exact: one witness is a fail, whatever else went wrong. Gates turn passes of others into unknown. */
  sort: 'exact' | 'statistical' | 'event' | 'gate'
  /** True when it compares with the steady phase: it says nothing when that was not steady. */
  comparesWithBaseline?: boolean
  /** What the target must offer; without it the check is not judged. Keys of `Manifest.offers`. */
  needs: readonly string[]
  limits: P
  /** It holds agents against each other, or what was told of all of them against their calls: it cannot be asked of some of the agents. */
  ofAllAgents?: true
  judge(history: History, limits: Values<P>): Finding
  /**
   * For targets that do not offer what it needs: what shows of it from outside, or undefined when nothing does. The verdict says that it
   * is inferred, and which line would show the thing itself.
   */
  fromOutside?(history: History, limits: Values<P>): Finding | undefined
}

export interface Verdict extends Omit<Finding, 'status' | 'promisedBy' | 'timed'> {
  check: string
  code: string
  title: string
  sort: CheckDefinition['sort']
  status: Status
  essential: boolean
  /** Distance to the limit as a share of it: positive is room, negative is excess. */
  margin?: number
  why: string
  remedy: Remedy
  source: string
  witnesses: number[]
  exhibits: string[]
  evidence: 'direct' | 'inferred'
  /** not-judged, or inferred from outside: the line to add to the target. */
  addLine?: string
  /** unknown: it failed, and would not have without the moments in which the machine stood still. */
  stoodStill?: true
  /** unknown: which gate or what reason. */
  because?: string
}

export interface Verdicts {
  schemaVersion: number
  run: string
  scenario: string
  target: string
  seed: number
  scale: string
  weaken?: string
  status: Exclude<Status, 'not-judged'>
  exitCode: 0 | 1 | 2
  /** "11 of 12 judged, all held". */
  headline: string
  verdicts: Verdict[]
}

export interface CheckEntry {
  check: CheckDefinition
  limits: Record<string, number | string>
}

/** A check as scenarios use it: `fairness()`, `fairness({ goodShare: 0.9 })`. */
export interface Check<P extends Parameters = Parameters> {
  (limits?: Partial<Values<P>>): CheckEntry
  definition: CheckDefinition<P>
}

export function check<const P extends Parameters>(definition: Omit<CheckDefinition<P>, 'kind'>): Check<P> {
  const whole: CheckDefinition<P> = { kind: 'check', ...definition }
  const ask = (limits: Partial<Values<P>> = {}): CheckEntry => ({
    check: whole as unknown as CheckDefinition,
    limits: limits as Record<string, number | string>,
  })
  return Object.assign(ask, { definition: whole })
}
