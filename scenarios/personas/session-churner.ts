// An agent that begins a session for every task, as adapters do that make a client for each call, and never closes one.
//
// Stands for: initialize, initialized and tools/list before each call, and 92 % of sessions never closed. Row of the table in
// docs/presets.md: "session churn". In the stateless era there is no session: it looks around instead (server/discover, tools/list).
// Parameters: everyMs, its pace (1,000 ms, 20–600,000); calls in each session (1, 1–50); timeoutMs (30,000 ms, quick 6,000; 50–300,000).
// Handshakes are calls of the history with a role of their own. A session that does not open ends the task.
// Not modelled: the DELETE that a careful client would send; a TCP connection of its own for each session (it keeps the agent's).
import { atQuick, count, milliseconds } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

const HANDSHAKES = 3

export const sessionChurner = persona({
  summary: 'Begins a session before each task and never closes it.',
  source: 'LangChain MCP adapters (a session a call); prowler#12235 (92 % of sessions never closed)',
  parameters: {
    everyMs: milliseconds(1_000, { from: 20, to: 600_000 }),
    calls: count(1, { from: 1, to: 50 }),
    timeoutMs: atQuick(milliseconds(30_000, { from: 50, to: 300_000 }), 6_000),
  },
  tasks(draw, { everyMs, calls }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => ({
      atMs,
      calls: Array.from({ length: calls }, () => ({ turn: 1, thinkMs: 0 })),
      callsMax: calls + HANDSHAKES,
    }))
  },
  async act(agent, task, { timeoutMs }) {
    const opened = await agent.openSession({ timeoutMs })
    if (!opened.ok) return
    for (const call of task.calls) await agent.call(call, { timeoutMs })
  },
})
