// Money given back in one call above what the tier allows (tiers.ts, reviewAboveCents) wants a person's word. Cents are cents
// whatever the currency: too careful with yen, never too free.
// Does not model: sums over several calls; an order can never give back more than it cost.
import { TERMS } from '../tiers.ts'
import { policy } from './policy.ts'

export const refundPolicy = policy({
  reads: ['amountCents'],
  review({ amountCents }, tier) {
    const limit = TERMS[tier].reviewAboveCents
    // What is not a number is above every limit.
    return Number(amountCents) <= limit ? undefined : `refunds above ${limit} cents`
  },
})
