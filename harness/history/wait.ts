// The wait that an answer named, as a client would read it: the Retry-After header (RFC 9110 §10.2.3: whole seconds or an
// HTTP-date) and, since most MCP clients never show a header to the model, `retryAfterMs` in the error's data.
//
// The agents obey what the checks call valid: both read with this file. So it is pure, and reads dates itself: Date.parse takes
// whatever an engine likes, and the agents' engine is another one than Node's. An HTTP-date has three forms (RFC 9110 §5.6.7),
// all in GMT: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
// A date stands on the server's clock, so the wait counts from the answer's own `Date` (§6.6.1), where it has one.
// Not modelled: whether the day of the week is that date's.
import type { Evidence } from './load-line.ts'

/**
 * A header's wait, ms; undefined when it is neither whole seconds nor an HTTP-date. A date in the past is ≤ 0.
 * @param wallMs wall-clock time of the answer, for a date that comes without a `Date` beside it
 */
export function headerWaitMs({ retryAfter = '', date = '' }: Evidence, wallMs: number): number | undefined {
  const text = retryAfter.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  const atMs = httpDateMs(text, wallMs)
  return atMs === undefined ? undefined : atMs - (httpDateMs(date, wallMs) ?? wallMs)
}

export function isHttpDate(header: string): boolean {
  return httpDateMs(header.trim(), 0) !== undefined
}

/** What servers call it, and its unit in ms. `retryAfter` alone is left out: it is told in both. */
const IN_BODIES = Object.entries({
  retryAfterMs: 1,
  retry_after_ms: 1,
  retryAfterSeconds: 1_000,
  retry_after_seconds: 1_000,
  retry_after: 1_000,
})

/** `data.retryAfterMs`, or another server's name for it, when it is a number. */
export function bodyWaitMs({ data }: Evidence): number | undefined {
  for (const [name, unitMs] of IN_BODIES) {
    const value = data?.[name]
    if (Number.isFinite(value)) return (value as number) * unitMs
  }
  return undefined
}

/**
 * The wait an agent was told, ms: the body's, which is finer, else the header's; undefined when none was named.
 * @param wallMs wall-clock time of the answer, for dates
 */
export function toldWaitMs(evidence: Evidence, wallMs: number): number | undefined {
  const told = bodyWaitMs(evidence) ?? headerWaitMs(evidence, wallMs)
  return told !== undefined && told > 0 ? told : undefined
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MONTH = `(${MONTHS.join('|')})`
const TIME = '([01]\\d|2[0-3]):([0-5]\\d):([0-5]\\d|60)'
const IN_USE = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([ \\d]\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`)
const OBSOLETE = new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d{2})-${MONTH}-(\\d{2}) ${TIME} GMT$`)
/** Put into the order of the first, by which it is then read; so the first may pad its day with a space too. */
const ASCTIME = /^(\w+) (\w+) (..) (\S+) (\d+)$/

/** Wall-clock ms of an HTTP-date; undefined when it is none. */
function httpDateMs(text: string, wallMs: number): number | undefined {
  const found = IN_USE.exec(text.replace(ASCTIME, '$1, $3 $2 $5 $4 GMT')) ?? OBSOLETE.exec(text)
  if (!found) return undefined
  const [, day, month = '', year = '', ...time] = found
  const [hour = 0, minute = 0, second = 0] = time.map(Number)
  const date = new Date(Date.UTC(yearOf(year, wallMs), MONTHS.indexOf(month), Number(day)))
  // The 31st of a month that has 30 days would roll into the next.
  return date.getUTCDate() === Number(day) ? date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000 : undefined
}

/** Two digits are of this century, but never more than 50 years ahead (RFC 9110 §5.6.7). */
function yearOf(digits: string, wallMs: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new Date(wallMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}
