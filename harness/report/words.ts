// What the four statuses are called, in which order they are told, and the sentence at the top of every report.
// One place, so that the terminal, the page and the summary cannot disagree. A status is a symbol and a word: colour is
// an addition, never the only sign (WCAG 2.2, 1.4.1).
import type { Status, Verdict, Verdicts } from '../checks/check.ts'
import { count, figure, limitFigure, percent } from './figures.ts'

export const symbols: Record<Status, string> = { fail: '✕', unknown: '?', pass: '✓', 'not-judged': '–' }

export const labels: Record<Status, string> = { fail: 'Fail', unknown: 'Unknown', pass: 'Pass', 'not-judged': 'Not judged' }

export const statuses: readonly Status[] = ['fail', 'unknown', 'not-judged', 'pass']

/** The run in two or three words. */
export function conclusion(status: Verdicts['status']): string {
  return { fail: 'Did not hold', unknown: 'Could not tell', pass: 'Held' }[status]
}

/** Fails first; within a status the essential ones, then the furthest past its limit. */
export function ordered(verdicts: readonly Verdict[]): Verdict[] {
  return [...verdicts].sort(
    (a, b) =>
      statuses.indexOf(a.status) - statuses.indexOf(b.status) ||
      Number(b.essential) - Number(a.essential) ||
      (a.status === 'fail' ? (a.margin ?? 0) - (b.margin ?? 0) : 0) ||
      compare(a.code, b.code),
  )
}

/** G1, A2, A10: gates first, then by number. Not by locale, which differs between machines. */
function compare(a: string, b: string): number {
  const gate = Number(b.startsWith('G')) - Number(a.startsWith('G'))
  return gate || Number(a.slice(1)) - Number(b.slice(1)) || (a < b ? -1 : a > b ? 1 : 0)
}

/** What a person would say of the run. */
export function sentence({ status, headline, verdicts }: Verdicts): string {
  const all = ordered(verdicts)
  const failed = all.filter((verdict) => verdict.status === 'fail')
  const [worst] = failed
  if (worst) {
    const more = failed.length - 1
    return `${closed(worst.says)}${more > 0 ? ` ${more === 1 ? 'One more check' : `${count(more, 'more check')}`} failed.` : ''}`
  }
  if (status === 'pass') return closed(headline)
  const doubtful = all.find((verdict) => verdict.status === 'unknown' || (verdict.status === 'not-judged' && verdict.essential))
  return closed(doubtful ? (reason(doubtful) ?? headline) : headline)
}

/** Why there is no answer; undefined when there is one. */
export function reason(verdict: Verdict): string | undefined {
  if (verdict.status === 'unknown') return verdict.because ?? verdict.says
  if (verdict.status === 'not-judged') return verdict.because ?? `This target does not show what "${verdict.title}" looks at`
  return undefined
}

/** `41 of at most 0`-like comparisons read badly in general; "limit" says it for both directions. */
export function against(verdict: Verdict): string {
  const { measured, limit, unit } = verdict
  if (measured === undefined) return ''
  return limit === undefined ? figure(measured, unit) : `${figure(measured, unit)}, limit ${limitFigure(limit, unit)}`
}

/** What a setting is and should be; one that is so already is not to be set again: look at who does not keep it. */
export function settingWords({ present, suggested }: { present?: string; suggested?: string }): string {
  if (suggested === undefined) return present === undefined ? '' : present
  if (present === suggested) return `${present}, already so: the value is right, it is not kept`
  return `${present === undefined ? '' : `${present} `}→ ${suggested}`
}

/** Distance to the limit in words; undefined when it cannot be a share of it. */
export function marginWords({ margin }: Verdict): string | undefined {
  if (margin === undefined || !Number.isFinite(margin)) return undefined
  if (margin === 0) return 'at the limit'
  return margin > 0 ? `${percent(margin)} of the limit to spare` : `${percent(-margin)} past the limit`
}

/** How much was judged, and how it went: "5 of 11 judged, 2 failed; 4 not judged". A pass with nothing to look at is not counted. */
export function tally({ verdicts }: Verdicts): string {
  const of = (status: Status) => verdicts.filter((verdict) => verdict.status === status).length
  const judged = verdicts.filter(({ status, notExercised }) => status !== 'not-judged' && !(status === 'pass' && notExercised)).length
  const bad = [of('fail') > 0 && `${of('fail')} failed`, of('unknown') > 0 && `${of('unknown')} unknown`].filter(Boolean)
  const rest = of('not-judged') > 0 ? `; ${of('not-judged')} not judged` : ''
  return `${[`${judged} of ${verdicts.length} judged`, ...bad].join(', ')}${rest}`
}

/** With a capital, unless it begins with a name such as `runaway-01`. */
export function capital(text: string): string {
  return /^\p{Ll}+[\s,]/u.test(text) ? `${text.slice(0, 1).toUpperCase()}${text.slice(1)}` : text
}

function closed(text: string): string {
  return capital(/[.!?…]$/u.test(text) ? text : `${text}.`)
}
