// An agent of the Vercel AI SDK over the TypeScript client: two retries from two seconds on, doubling, no jitter, whatever wait was named.
//
// Rows of the table in docs/presets.md: "retry, framework" (2 s × 2, no jitter, ignores
// Retry-After), "client timeout" 60 s (TypeScript SDK), "retry, raw SDK" 0 below it.
// Parameters: those of retry-happy, with these defaults. The SDK's own retries wrap the model's call; tools are retried
// where an application wraps them in the same helper, as this preset does: tries: 1 is an application that does not.
// listens: the TypeScript SDK opens the server's own stream in every session (2025 eras; docs/presets.md).
// Not modelled: deadlines of its newer MCP client.
import { preset } from '../../../harness/persona.ts'
import { retryHappy } from '../retry-happy.ts'

export const vercelAi = preset(retryHappy, {
  summary: 'Vercel AI SDK: 60 s timeout, two retries after 2 and 4 s without jitter, whatever Retry-After says.',
  source: 'ai retryWithExponentialBackoff (maxRetries 2, initialDelayInMs 2000, backoffFactor 2); TypeScript SDK (60 s)',
  listens: 'always',
  defaults: {
    timeoutMs: 60_000,
    tries: 3,
    retryOn: 'server-errors',
    backoffMs: 2_000,
    factor: 2,
    jitterShare: 0,
    together: 'at-once',
    sessions: 'kept',
  },
  quick: { timeoutMs: 6_000 },
})
