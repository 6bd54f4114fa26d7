// Claude Code: no timeout worth the name, no retry of its own; up to ten read-only tools at once; the model asks again a turn later.
//
// Rows of the table in docs/presets.md: "client timeout" none, "fan-out a turn" cap 10 and only tools with readOnlyHint,
// "retry, raw SDK" 0, "retry, model", "think time" of a frontier agent (median 6.7 s; a quarter of it at quick scale).
// Parameters: those of retry-happy, with these defaults; timeoutMs 0 is the plan's own patience.
// listens: the TypeScript SDK opens the server's own stream in every session (2025 eras; docs/presets.md).
// Not modelled: that only read-only tools run side by side (a scenario gives an agent one role; a write's agents: together: 'one-by-one').
import { preset } from '../../../harness/persona.ts'
import { retryHappy } from '../retry-happy.ts'

export const claudeCode = preset(retryHappy, {
  summary: 'Claude Code: waits as long as it takes, retries nothing itself, up to ten read-only calls at once.',
  source: 'Claude Code settings (MCP_TOOL_TIMEOUT, tool use concurrency 10); SmartAI/mcp-chaos (think times of frontier agents)',
  listens: 'always',
  defaults: {
    timeoutMs: 0,
    tries: 1,
    retryOn: 'nothing',
    fanOutTo: 10,
    thinkMs: 6_700,
    together: 'at-once',
    sessions: 'kept',
  },
  quick: { timeoutMs: 0, thinkMs: 1_675 },
})
