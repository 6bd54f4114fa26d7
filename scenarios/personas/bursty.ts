// A planner that fans out: tasks come at random, each is a few turns, each turn several calls at once.
//
// Stands for: an orchestrating agent whose framework runs all tool calls of one model step together (LangGraph ToolNode,
// Claude Code up to 10 read-only tools). Rows of the table in docs/presets.md: "fan-out a turn" (bursts 3–10), "think time
// between turns" (log-normal, median 1.7 s, p90 3.6 s; scenarios at quick scale set thinkMs lower and say so), "retry, raw SDK" 0.
// Parameters: everyMs, mean gap between an agent's tasks (4,000 ms, 50–600,000); turnsMax, a task has 1 to so many turns
// (4, 1–50); fanOutFrom and fanOutTo, calls of one turn (3 and 10, 1–100); thinkMs, median pause between turns (1,700 ms).
// Turns that could not begin before the span ends are not planned. The 0–10 ms between the calls of a turn are not
// modelled (they leave at once), nor is a plan that depends on what the calls returned.
import { count, milliseconds } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'
import { sketchTurns, walkTurns } from './turns.ts'

export const bursty = persona({
  summary: 'Plans, then calls 3 to 10 tools at once, several times in a row; tasks come at random.',
  source: 'LangGraph ToolNode, Claude Code (fan-out); SmartAI/mcp-chaos (think times); xorbitsai/xagent#889 (burst that pinned a pool)',
  parameters: {
    everyMs: milliseconds(4_000, { from: 50, to: 600_000 }),
    turnsMax: count(4, { from: 1, to: 50 }),
    fanOutFrom: count(3, { from: 1, to: 100 }),
    fanOutTo: count(10, { from: 1, to: 100 }),
    thinkMs: milliseconds(1_700, { from: 0, to: 600_000 }),
  },
  tasks(draw, { everyMs, turnsMax, ...turns }, span) {
    const shape = { ...turns, turnsFrom: 1, turnsTo: turnsMax, fanOutShare: 1 }
    return draw.arrivals(span, everyMs, 'poisson').map((atMs) => ({ atMs, calls: sketchTurns(draw, atMs, span, shape) }))
  },
  async act(agent, task) {
    await walkTurns(agent, task, true, (call) => agent.call(call))
  },
})
