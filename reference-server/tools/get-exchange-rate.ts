// Asks somebody else: the tool whose dependency is slow, limited or gone on a day when ours is well. It takes no connection.
import { z } from 'zod'
import { tool } from './tool.ts'

export const currency = z.string().regex(/^[A-Z]{3}$/, 'is three capital letters, such as EUR')

export const getExchangeRate = tool('get_exchange_rate', {
  description: 'Gives how many units of `quote` one unit of `base` buys now.',
  class: 'read',
  cost: 'cheap',
  scopes: [],
  needs: ['upstream:rates'],
  deadlineMs: 2_500,
  sloMs: 1_000,
  input: z.strictObject({ base: currency, quote: currency }),
  output: z.object({ base: z.string(), quote: z.string(), rate: z.number() }),
  async run({ base, quote }, { rates }) {
    return { structured: { base, quote, rate: await rates.rate(base, quote) } }
  },
})
