// A node of LangGraph with its default retry policy: three attempts, on connection errors and 5xx only; all calls of a step at once.
//
// Rows of the table in docs/presets.md: "retry, framework" 3 @ 0.5 s × 2 on 5xx, "fan-out a turn" all at once (ToolNode), "client timeout"
// 30 s, "turn cap" 10,007 (its default: none that a task here would reach), "session churn" (the same adapters as LangChain).
// Parameters: those of retry-happy, with these defaults.
// listens: the Python SDK opens the server's own stream where the session has an id (2025 eras; docs/presets.md).
// Not modelled: its jitter is 0 to 1 s on top; here ±100 %, which has the same mean at the first retry. A 429 is not retried: to Python's
// policy it is no 5xx.
import { preset } from '../../../harness/persona.ts'
import { retryHappy } from '../retry-happy.ts'

export const langgraph = preset(retryHappy, {
  summary: 'LangGraph: three attempts from half a second on, doubling, after lost calls and 5xx; all calls of a step at once.',
  source: 'langgraph RetryPolicy (initial_interval 0.5, backoff_factor 2.0, max_interval 128.0, max_attempts 3, jitter); ToolNode',
  listens: 'with-id',
  defaults: {
    timeoutMs: 30_000,
    tries: 3,
    retryOn: 'server-errors',
    backoffMs: 500,
    factor: 2,
    jitterShare: 1,
    backoffMaxMs: 128_000,
    together: 'at-once',
    sessions: 'per-call',
  },
  quick: { timeoutMs: 6_000 },
})
