// Times and bounds that k6 and the harness share.

/**
 * The plan's clock starts so long after k6's scenario, ms: time for every agent to read its part of the plan, and for the
 * start line to be the first in the file whichever agent the machine runs first.
 */
export const LEAD_MS = 500
/** What an agent gets beyond the plan's end and its patience before k6 ends it, ms. */
export const GRACE_MS = 2_000
/** Most requests that one agent has under way at once; below a fan-out, k6 would queue without a word. */
export const AT_ONCE_MAX = 1_000
