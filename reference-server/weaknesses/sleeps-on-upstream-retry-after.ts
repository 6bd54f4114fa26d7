// The service behind says "come back in 8 s", and the server does, with its caller waiting and nothing that would stop it.
import { setTimeout as pause } from 'node:timers/promises'
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The retry slept for as long as the mail service had asked; the call’s own deadline had passed long before, and nobody was there.',
  source: 'agentmail-mcp#57',
  caughtBy: { scenario: 'upstream-outage', check: 'bounded-time' },
  apply: (parts) => ({
    ...parts,
    times: {
      ...parts.times,
      deadlineMs: (tool) => (tool?.needs.some((need) => need.startsWith('upstream')) ? Infinity : parts.times.deadlineMs(tool)),
    },
    ratesOf: (call) => ({
      async rate(base, quote) {
        const rates = parts.ratesOf(call)
        try {
          return await rates.rate(base, quote)
        } catch (error) {
          if (!(error instanceof CallError) || error.code !== 'RATE_LIMITED') throw error
          await pause(error.details.retryAfterMs)
          return await rates.rate(base, quote)
        }
      },
    }),
  }),
})
