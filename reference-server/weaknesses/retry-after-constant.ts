// Every refusal names the same wait, whatever the budget will really take: a figure that somebody wrote down once. Header and body agree,
// the codes are right, and nothing of it is true.
import { retryGuidance } from '../guidance.ts'
import { weakness } from './weakness.ts'

const WAIT_MS = 1_000

export default weakness({
  story: 'The gateway answered Retry-After: 1 to everybody; agents that obeyed were refused again, and again, and stopped obeying.',
  source: 'langfuse#16058; RFC 9110 §10.2.3 (the wait is the server’s own estimate)',
  caughtBy: { scenario: 'honest-retry', check: 'retry-after-honest' },
  apply: (parts) => ({
    ...parts,
    guidance(error) {
      const { headers, data } = retryGuidance(error)
      if (data.retryAfterMs === undefined) return { headers, data }
      return { headers: { ...headers, 'retry-after': String(WAIT_MS / 1_000) }, data: { ...data, retryAfterMs: WAIT_MS } }
    },
  }),
})
