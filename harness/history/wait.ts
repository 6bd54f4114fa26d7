// The wait that an answer named, as a client would read it: the Retry-After header (RFC 9110 §10.2.3: whole seconds or an
// HTTP-date) and, since most MCP clients never show a header to the model, `retryAfterMs` in the error's data.
import type { Evidence } from './event.ts'

/** A header's wait, ms from `wallMs`; undefined when it is neither whole seconds nor a date. A date in the past is ≤ 0. */
export function headerWaitMs(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  if (!HTTP_DATE.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at - wallMs
}

/** All HTTP-dates are in GMT or, in the obsolete asctime form, without a zone. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d{2}:\d{2}:\d{2}/

export function isHttpDate(header: string): boolean {
  return HTTP_DATE.test(header.trim())
}

/** `data.retryAfterMs` when it is a number. */
export function bodyWaitMs(evidence: Evidence): number | undefined {
  const value = evidence.data?.retryAfterMs
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/**
 * The wait an agent was told, ms: the body's, which is finer, else the header's; undefined when none was named.
 * @param wallMs wall-clock time of the answer, for dates
 */
export function toldWaitMs(evidence: Evidence, wallMs: number): number | undefined {
  const told = bodyWaitMs(evidence) ?? headerWaitMs(evidence.retryAfter, wallMs)
  return told !== undefined && told > 0 ? told : undefined
}
