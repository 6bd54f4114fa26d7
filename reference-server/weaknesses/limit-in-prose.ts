// Limits are told in a sentence: 200, a tool result, and nothing a program can read. It stands where callers are authenticated, since
// that control surrounds the limiter; who may call is decided as before.
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

const SENTENCE = 'Rate limit exceeded. Please slow down and try again later.'

export default weakness({
  story: 'The server answered 200 and a sentence about its limit; clients took it for data, models asked again at once.',
  source: 'seed 1, "Return codes that agents actually understand"; Meraki’s server, limits in the text of a result',
  caughtBy: { scenario: 'honest-retry', check: 'retry-after-valid' },
  apply: (parts) => ({
    ...parts,
    authenticate: {
      ...parts.authenticate,
      wrap: (next, running) =>
        parts.authenticate.wrap(async (call) => {
          try {
            return await next(call)
          } catch (error) {
            if (!(error instanceof CallError) || error.entry.status !== 429) throw error
            const result = { content: [{ type: 'text', text: SENTENCE }], isError: true, resultType: 'complete' }
            const body = JSON.stringify({ jsonrpc: '2.0', id: call.id, result })
            return { status: 200, headers: { 'content-type': 'application/json' }, body }
          }
        }, running),
    },
  }),
})
