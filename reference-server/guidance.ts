// What a refusal says about coming back: the same wait as the header that HTTP knows and in the data that agents read, since
// most MCP clients drop headers. Retry-After is whole seconds, at least 1, and never earlier than the data's milliseconds.
import type { CallError } from './errors.ts'

export interface Guidance {
  headers: Record<string, string>
  data: Record<string, unknown>
}

export type GuidanceOf = (error: CallError) => Guidance

/** For a 429 or 503 that has no better figure. */
const DEFAULT_WAIT_MS = 1_000

export const retryGuidance: GuidanceOf = ({ entry, details }) => {
  const mustSay = entry.status === 429 || entry.status === 503
  const retryAfterMs = details.retryAfterMs ?? (mustSay ? DEFAULT_WAIT_MS : undefined)
  if (retryAfterMs === undefined) return { headers: {}, data: {} }
  const wait = Math.max(1, Math.ceil(retryAfterMs))
  return { headers: { 'retry-after': String(Math.max(1, Math.ceil(wait / 1_000))) }, data: { retryAfterMs: wait } }
}
