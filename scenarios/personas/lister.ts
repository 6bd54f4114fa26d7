// An agent that walks a tree: lists a folder, then every folder and page that the answer names, several at a time.
//
// Stands for: "let me look at everything first": recursive listings that nobody limits. Rows of the table in docs/presets.md: "calls a
// task" at its heavy tail (to 50), "fan-out a turn" (3 at once), "parallel calls 0–10 ms apart".
// Parameters: everyMs, between the beginnings of walks (20,000 ms, quick 4,000; 50–600,000); callsMax, the end of a walk (50, 1–10,000);
// depthMax, how deep it goes (5, 1–50); atOnce, listings side by side (3, 1–100); thinkMs, before it goes a level deeper (0, 0–60,000).
// Where an answer leads, the role says (`leadsTo`).
// Not modelled: reading what it lists; remembering what it saw in an earlier walk; cycles (it goes round until callsMax).
import { atQuick, count, milliseconds } from '../../harness/parameters.ts'
import { type Agent, type PlannedCall, persona } from '../../harness/persona.ts'

export const lister = persona({
  summary: 'Lists a folder, then everything the answers lead to, several listings at a time.',
  source: 'MCPMark (long tasks, to 50 calls); seed 2, recursive listing; Claude Code (parallel read-only calls)',
  walks: true,
  parameters: {
    everyMs: atQuick(milliseconds(20_000, { from: 50, to: 600_000 }), 4_000),
    callsMax: count(50, { from: 1, to: 10_000 }),
    depthMax: count(5, { from: 1, to: 50 }),
    atOnce: count(3, { from: 1, to: 100 }),
    thinkMs: milliseconds(0, { from: 0, to: 60_000 }),
  },
  tasks(draw, { everyMs, callsMax }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => ({ atMs, calls: [{ turn: 1, thinkMs: 0 }], callsMax }))
  },
  async act(agent, task, limits) {
    for (const root of task.calls) await walk(agent, root, limits)
  },
})

interface Limits {
  callsMax: number
  depthMax: number
  atOnce: number
  thinkMs: number
}

async function walk(agent: Agent, root: PlannedCall, { callsMax, depthMax, atOnce, thinkMs }: Limits): Promise<void> {
  let level: PlannedCall[] = [root]
  let calls = 0
  for (let depth = 1; depth <= depthMax && level.length > 0; depth++) {
    const next: PlannedCall[] = []
    for (let from = 0; from < level.length && calls < callsMax; from += atOnce) {
      const together = level.slice(from, from + Math.min(atOnce, callsMax - calls))
      calls += together.length
      const answers = await Promise.all(together.map((call) => agent.call(call)))
      for (const { call, leadsTo = [] } of answers) next.push(...leadsTo.map((given) => ({ ...call, turn: depth + 1, arguments: given })))
    }
    level = next.slice(0, callsMax)
    if (level.length > 0) await agent.think(thinkMs)
  }
}
