// What a tenant pays for, in one table: free, paid, enterprise. Rates are factors on the settings, so that the settings stay the
// declared limits of the tier that everybody has who is not given another: `paid`.
// An agent's key may carry limits of its own (`manage_agent`); they go before the tier's. Priority says who is shed first when the
// server is at its limit: batch, then normal, then critical. Money thresholds are cents, whatever the currency.
// Does not model: prices, limits of a tier as a whole, a tier that changes with the time of day.

export const TIERS = ['free', 'paid', 'enterprise'] as const
export type Tier = (typeof TIERS)[number]

/** In the order in which they are shed. */
export const PRIORITIES = ['batch', 'normal', 'critical'] as const
export type Priority = (typeof PRIORITIES)[number]

/** An agent's own limits, as `manage_agent` sets them: absent ones are its tier's. */
export interface AgentLimits {
  ratePerMinute?: number
  burst?: number
  ratePerHour?: number
  ratePerDay?: number
  concurrency?: number
  /** On each expensive tool. */
  toolRatePerMinute?: number
}

export interface Terms {
  /** Times the settings' rates, bursts and calls at once. */
  rateFactor: number
  /** Of agents whose key names none. */
  priority: Priority
  /** May call tools of this cost; others are not listed for it. */
  tools: 'cheap' | 'all'
  auditRetentionDays: number
  /** Money moved by one call above this needs a person's word. */
  reviewAboveCents: number
}

export const TERMS: Readonly<Record<Tier, Terms>> = {
  free: { rateFactor: 0.5, priority: 'batch', tools: 'all', auditRetentionDays: 7, reviewAboveCents: 5_000 },
  paid: { rateFactor: 1, priority: 'normal', tools: 'all', auditRetentionDays: 90, reviewAboveCents: 20_000 },
  enterprise: { rateFactor: 5, priority: 'critical', tools: 'all', auditRetentionDays: 365, reviewAboveCents: 100_000 },
}

const DEFAULT_TIER: Tier = 'paid'

/** Of an identity whose store or provider says nothing of it, or something unknown. */
export function tierOf(given: unknown): Tier {
  return TIERS.find((tier) => tier === given) ?? DEFAULT_TIER
}

export function priorityOf(given: unknown, tier: Tier): Priority {
  return PRIORITIES.find((priority) => priority === given) ?? TERMS[tier].priority
}
