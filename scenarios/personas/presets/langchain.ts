// An agent of LangChain with MCP adapters and its tool-retry middleware: two retries of whatever failed, writes too, under a model that
// tries again as well, and a session begun for each call.
//
// Rows of the table in docs/presets.md: "client timeout" 30 s (Python SDK, LangChain), "retry, framework" 2 @ 1 s × 2 ± 25 %, "retry,
// model", "session churn", "fan-out a turn" all at once (its agents run on LangGraph's ToolNode), "worst amplification" 11 calls, 34 POSTs.
// Parameters: those of retry-happy, with these defaults. Without the middleware a tool is not retried: tries: 1.
// listens: the Python SDK opens the server's own stream where the session has an id (2025 eras; docs/presets.md).
// Not modelled: the DELETE with which newer adapters close a session; a second tools/list where a tool has an output schema.
import { preset } from '../../../harness/persona.ts'
import { retryHappy } from '../retry-happy.ts'

export const langchain = preset(retryHappy, {
  summary: 'LangChain: 30 s timeout, two retries a second apart and doubling, ±25 %, of every failure; a session for each call.',
  source: 'langchain ToolRetryMiddleware (max_retries 2, initial_delay 1.0, backoff_factor 2.0, jitter ±25 %); langchain-mcp-adapters',
  listens: 'with-id',
  defaults: {
    timeoutMs: 30_000,
    tries: 3,
    retryOn: 'failures',
    backoffMs: 1_000,
    factor: 2,
    jitterShare: 0.25,
    backoffMaxMs: 60_000,
    together: 'at-once',
    sessions: 'per-call',
  },
  quick: { timeoutMs: 6_000 },
})
