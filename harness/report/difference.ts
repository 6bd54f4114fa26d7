// Two runs, verdict by verdict: what has come to fail, what was mended, and how far each figure moved. For a summary beside a baseline, and
// for two runs side by side. It says what differs, not whether that is chance: `npm run compare` looks at many runs for that.
import type { Status, Verdict, Verdicts } from '../checks/check.ts'
import { count, figure } from './figures.ts'
import { ordered } from './words.ts'

export interface Difference {
  check: string
  code: string
  title: string
  /** Absent where only one of the runs has the check. */
  before?: Verdict
  after?: Verdict
  kind: 'broken' | 'mended' | 'changed' | 'new' | 'gone' | 'same'
}

/** What has come to fail first, then what was mended, then the rest as checks are ordered. */
const KINDS = ['broken', 'mended', 'changed', 'new', 'gone', 'same'] as const

export function differencesOf(before: Verdicts, after: Verdicts): Difference[] {
  const earlier = new Map(before.verdicts.map((verdict) => [verdict.check, verdict]))
  const later = new Map(after.verdicts.map((verdict) => [verdict.check, verdict]))
  const both = [...after.verdicts, ...before.verdicts.filter(({ check }) => !later.has(check))]
  const all = ordered(both).map(({ check, code, title }): Difference => {
    const [was, is] = [earlier.get(check), later.get(check)]
    return { check, code, title, ...(was && { before: was }), ...(is && { after: is }), kind: kindOf(was?.status, is?.status) }
  })
  return KINDS.flatMap((kind) => all.filter((difference) => difference.kind === kind))
}

function kindOf(was: Status | undefined, is: Status | undefined): Difference['kind'] {
  if (was === undefined) return 'new'
  if (is === undefined) return 'gone'
  if (was === is) return 'same'
  if (is === 'fail') return 'broken'
  return was === 'fail' && is === 'pass' ? 'mended' : 'changed'
}

/** `1 newly failed (fairness), 2 mended (recovers, pool-bounded); 9 as before`. */
export function differenceWords(differences: readonly Difference[]): string {
  const of = (kind: Difference['kind']) => differences.filter((difference) => difference.kind === kind)
  const told = (kind: Difference['kind'], words: string) => {
    const found = of(kind).map(({ check }) => check)
    return found.length === 0 ? [] : [`${found.length} ${words} (${found.join(', ')})`]
  }
  const moved = [
    ...told('broken', 'newly failed'),
    ...told('mended', 'mended'),
    ...told('changed', 'judged otherwise'),
    ...told('new', 'not judged before'),
    ...told('gone', 'not judged any more'),
  ]
  const same = of('same').length
  if (moved.length === 0) return `all ${count(same, 'verdict')} as before`
  return `${moved.join(', ')}${same > 0 ? `; ${same} as before` : ''}`
}

/** What makes the two no like runs: `seed 1, now 2`; empty when they are. */
export function unlike(before: Verdicts, after: Verdicts): string[] {
  const names = ['scenario', 'target', 'scale', 'seed', 'weaken'] as const
  return names.flatMap((name) => (before[name] === after[name] ? [] : [`${name} ${before[name] ?? 'none'}, now ${after[name] ?? 'none'}`]))
}

/** `58 %, was 100 %`; undefined when neither run has a figure. */
export function figuresOf({ before, after }: Difference): { before: string; after: string } | undefined {
  if (before?.measured === undefined && after?.measured === undefined) return undefined
  return { before: figure(before?.measured, before?.unit), after: figure(after?.measured, after?.unit) }
}
