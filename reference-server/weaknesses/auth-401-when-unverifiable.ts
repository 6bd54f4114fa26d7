// What cannot be verified is refused as if it were wrong: when the key store or the identity provider is away, every agent logs in again.
import { CallError } from '../errors.ts'
import { knowing, weakness } from './weakness.ts'

export default weakness({
  story:
    'The identity provider was away for a minute. Every agent was told 401, threw its token away and asked for a new one: 2,784 requests in 5 s.',
  source: 'mcp-remote#338',
  caughtBy: { scenario: 'auth-storm', check: 'auth-truthful' },
  apply: (parts) =>
    knowing(parts, async (call, known) => {
      try {
        return await known(call)
      } catch (error) {
        const unverifiable = !call.identity && error instanceof CallError && error.code === 'DEPENDENCY_UNAVAILABLE'
        throw unverifiable ? new CallError('UNAUTHENTICATED', 'The token is not valid.') : error
      }
    }),
})
