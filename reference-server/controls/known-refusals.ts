// A budget of one agent alone that Redis has called spent stays spent until its wait is over: nobody else can give any of it back.
// So an agent that does not wait is refused from memory, and a loop costs a lookup and not a round trip; Redis would say the same.
// Asked again as soon as the wait is over, when the agent's limits have changed, and always: for budgets that others share, for calls
// at once, and for writes that may be replays. A Redis that was emptied is felt once the wait is over. At most 10,000 agents.
import type { Admission, Budgets, Refusal } from '../store/limiter.ts'

export interface KnownRefusals {
  /** What Redis would say now; undefined: ask it. */
  find(budgets: Budgets): Admission | undefined
  remember(budgets: Budgets, verdict: Admission): void
}

interface Known {
  verdict: Admission
  burst: number
  atMs: number
}

/** Shorter waits are over before they are worth remembering, ms. */
const WORTH_MS = 20
const AGENTS_MAX = 10_000
/** Then Redis is asked again, ms: somebody may have given the budget back. */
const TRUSTED_MS = 15_000

export function knownRefusals(clock: () => number): KnownRefusals {
  const known = new Map<string, Known>()
  return {
    find(budgets) {
      const [own] = budgets.rates
      const entry = own && known.get(own.key)
      if (!own || !entry || budgets.replay) return undefined
      const { refusedBy, waitMs, standings } = entry.verdict
      const agedMs = clock() - entry.atMs
      const same = own.burst === entry.burst && isAmong(budgets, refusedBy)
      if (agedMs >= Math.min(waitMs, TRUSTED_MS) || !same) {
        known.delete(own.key)
        return undefined
      }
      const later = standings.map((standing) => ({ ...standing, resetMs: Math.max(0, standing.resetMs - agedMs) }))
      return { ...entry.verdict, waitMs: Math.ceil(waitMs - agedMs), standings: later }
    },
    remember(budgets, verdict) {
      const [own] = budgets.rates
      const scope = verdict.refusedBy?.scope
      if (!own || own.shared || scope !== own.scope || (scope !== 'agent' && scope !== 'discovery') || verdict.waitMs < WORTH_MS) return
      known.set(own.key, { verdict, burst: own.burst, atMs: clock() })
      const oldest = known.size > AGENTS_MAX ? known.keys().next().value : undefined
      if (oldest !== undefined) known.delete(oldest)
    },
  }
}

/** Whether the limit that refused is still one of the agent's own: its first bucket's, or a window's. */
function isAmong({ rates: [own], windows = [] }: Budgets, refused: Refusal | undefined): boolean {
  const { limit, windowMs } = refused ?? {}
  return (
    (windowMs === 60_000 && limit === own?.perMinute) || windows.some((window) => limit === window.limit && windowMs === window.windowMs)
  )
}
