// Limits are told in a sentence: 200, a tool result, and nothing a program can read. It stands around the limiter.
import { CallError } from '../errors.ts'
import { admitting, toolAnswer, weakness } from './weakness.ts'

const SENTENCE = 'Rate limit exceeded. Please slow down and try again later.'

export default weakness({
  story: 'The server answered 200 and a sentence about its limit; clients took it for data, models asked again at once.',
  source: 'seed 1, "Return codes that agents actually understand"; Meraki’s server, limits in the text of a result',
  caughtBy: { scenario: 'honest-retry', check: 'retry-after-valid' },
  apply: (parts) =>
    admitting(parts, async (call, admitted) => {
      try {
        return await admitted(call)
      } catch (error) {
        if (!(error instanceof CallError) || error.entry.status !== 429) throw error
        return toolAnswer(call, { content: [{ type: 'text', text: SENTENCE }], isError: true })
      }
    }),
})
