// Codex: five minutes for a tool, no retry of its own, one call at a time; the model asks again a turn later.
//
// Rows of the table in docs/presets.md: "client timeout" 300 s, "retry, raw SDK" 0, "retry, model", "think time" of a frontier agent
// (median 6.7 s; a quarter of it at quick scale).
// Parameters: those of retry-happy, with these defaults. At quick scale the timeout is the patience of the scale, 6 s.
// listens: its Rust client opens the server's own stream where the session has an id (2025 eras; docs/presets.md).
// Not modelled: parallel tool calls, which its configuration can allow.
import { preset } from '../../../harness/persona.ts'
import { retryHappy } from '../retry-happy.ts'

export const codex = preset(retryHappy, {
  summary: 'Codex: 300 s timeout, retries nothing itself, one call at a time.',
  source: 'codex config (tool_timeout_sec); SmartAI/mcp-chaos (think times of frontier agents)',
  listens: 'with-id',
  defaults: {
    timeoutMs: 300_000,
    tries: 1,
    retryOn: 'nothing',
    fanOutShare: 0,
    thinkMs: 6_700,
    together: 'one-by-one',
    sessions: 'kept',
  },
  quick: { timeoutMs: 6_000, thinkMs: 1_675 },
})
