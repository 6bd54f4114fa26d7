// The key alone decides: whoever comes with a known one gets the stored result, whatever is asked for this time.
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'The key was made of the day and the customer. The second invoice of the day was answered with the number of the first, and never written.',
  source: 'draft-ietf-httpapi-idempotency-key-header, a key with another payload; Stripe API, "Idempotent requests"',
  caughtBy: { scenario: 'duplicate-writes', check: 'effects-once' },
  apply: (parts) => ({ ...parts, once: (request) => parts.once({ ...request, arguments: {} }) }),
})
