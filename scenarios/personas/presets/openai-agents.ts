// An agent of the OpenAI Agents SDK: five seconds for an answer, calls one by one over HTTP, at most ten turns.
//
// Rows of the table in docs/presets.md: "client timeout" 5 s, "turn cap" 10, "retry, framework" 1·2ⁿ s without jitter or cap, "fan-out a
// turn" one by one over HTTP, "duplicate write" (a tool of 8 s against these 5 s: the same write three times).
// Parameters: those of retry-happy, with these defaults. tries: the SDK retries nothing until max_retry_attempts is set; here 2 more.
// listens: the Python SDK opens the server's own stream where the session has an id (2025 eras; docs/presets.md).
// Not modelled: hosted MCP tools, which OpenAI's servers call.
import { preset } from '../../../harness/persona.ts'
import { retryHappy } from '../retry-happy.ts'

export const openaiAgents = preset(retryHappy, {
  summary: 'OpenAI Agents SDK: 5 s timeout, retries after 1, 2, 4 … s without jitter, one call at a time, ten turns at most.',
  source: 'openai-agents-python (client_session_timeout_seconds 5, retry_backoff_seconds_base 1.0, max_turns 10)',
  listens: 'with-id',
  defaults: {
    timeoutMs: 5_000,
    tries: 3,
    retryOn: 'failures',
    backoffMs: 1_000,
    factor: 2,
    jitterShare: 0,
    backoffMaxMs: 600_000,
    turnsTo: 10,
    together: 'one-by-one',
    sessions: 'kept',
  },
  quick: { timeoutMs: 5_000 },
})
