// What every answer says of the budget that binds: the one that refused, else the one with the smallest share left. An agent that
// reads it slows down before it is refused. RateLimit and RateLimit-Policy as draft-ietf-httpapi-ratelimit-headers-10 has them,
// X-RateLimit-…-Minute as in the seed. A bucket's policy is told as what it is: `burst` calls in the time it takes to refill.
import type { Admission, Rate, Standing, Window } from '../store/limiter.ts'

export type QuotaHeaders = (verdict: Admission) => Record<string, string>

export const bindingQuota: QuotaHeaders = ({ standings, refusedBy }) => {
  const refusing = standings.find(({ rate }) => refusedBy?.scope === rate.scope && refusedBy.limit === perWindow(rate))
  const binding = refusing ?? standings.toSorted((a, b) => a.remaining / quotaOf(a.rate) - b.remaining / quotaOf(b.rate))[0]
  if (!binding) return {}
  const { rate, remaining, resetMs } = binding
  return {
    ratelimit: `"${nameOf(rate)}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`,
    'ratelimit-policy': `"${nameOf(rate)}";q=${quotaOf(rate)};w=${spanS(rate)}`,
    ...minute(standings),
  }
}

function minute(standings: Standing[]): Record<string, string> {
  const agent = standings.find(({ rate }) => rate.scope === 'agent' && 'perMinute' in rate)
  if (!agent) return {}
  return {
    'x-ratelimit-limit-minute': String(Math.floor(perWindow(agent.rate))),
    'x-ratelimit-remaining-minute': String(agent.remaining),
  }
}

function nameOf({ name, scope }: Rate | Window): string {
  return name ?? scope
}

function perWindow(rate: Rate | Window): number {
  return 'perMinute' in rate ? rate.perMinute : rate.limit
}

function quotaOf(rate: Rate | Window): number {
  return 'perMinute' in rate ? Math.floor(rate.burst) : rate.limit
}

function spanS(rate: Rate | Window): number {
  return 'perMinute' in rate ? Math.max(1, Math.ceil((rate.burst * 60) / rate.perMinute)) : rate.windowMs / 1_000
}
