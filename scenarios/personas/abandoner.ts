// An agent that drops some of its calls midway and goes on with something else: the person closed the tab, the plan changed.
//
// Stands for: calls whose answer nobody waits for any more. In the stateless era the closed stream must cancel the work behind it.
// Rows of the table in docs/presets.md: "on timeout" (2026: close the stream; 2025: notifications/cancelled), "client timeout".
// Parameters: everyMs, its pace (1,000 ms, 20–600,000); dropShare, of its calls (0.3 of 1); dropAfterMs, how long it listens to those
// (200 ms, 1–60,000; calls that are answered sooner are not dropped).
// Not modelled: a process that dies with all its calls; an answer that is dropped after its first bytes (the undici driver's abort).
import { milliseconds, share } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

export const abandoner = persona({
  summary: 'Drops a share of its calls midway, never asks again, and goes on.',
  source: 'MCP 2026-07-28, cancellation by disconnect; SmartAI/mcp-chaos (abandoned queries)',
  parameters: {
    everyMs: milliseconds(1_000, { from: 20, to: 600_000 }),
    dropShare: share(0.3),
    dropAfterMs: milliseconds(200, { from: 1, to: 60_000 }),
  },
  tasks(draw, { everyMs }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => ({ atMs, calls: [{ turn: 1, thinkMs: 0 }] }))
  },
  async act(agent, task, { dropShare, dropAfterMs }) {
    for (const call of task.calls) {
      const drops = agent.chance(task, call.turn, 1) < dropShare
      await agent.call(call, drops ? { timeoutMs: dropAfterMs } : {})
    }
  },
})
