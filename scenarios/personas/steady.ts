// A well-behaved agent: one call a task, at a steady pace. The measure by which everybody else's stress is judged.
//
// Stands for: an agent in a routine: it looks something up, thinks, looks up the next thing.
// Rows of the table in docs/presets.md: "calls a task" at its smallest (1), "client timeout" 60 s (the plan's patience),
// "retry, raw SDK" 0.
// Parameters: everyMs, the pace of one agent (500 ms, 20–600,000); jitterShare, how far a moment may move, as a share of
// the pace (0.1, 0–0.5). Each agent has a drawn offset, so that agents do not march in step.
// Not modelled: turns, fan-out, retries; a task that is slow does not hold up the next one (arrivals are open).
import { milliseconds, share } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

export const steady = persona({
  summary: 'Makes one call at a steady pace and takes the answer as it is.',
  source: 'Raw SDK clients retry nothing (TypeScript, Python, Go SDK); open arrivals after Schroeder et al., NSDI 2006',
  parameters: {
    everyMs: milliseconds(500, { from: 20, to: 600_000 }),
    jitterShare: share(0.1, { from: 0, to: 0.5 }),
  },
  tasks(draw, { everyMs, jitterShare }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((moment) => {
      const moved = moment + Math.round((draw.unit() * 2 - 1) * jitterShare * everyMs)
      const inside = moved >= span.fromMs && moved < span.toMs
      return { atMs: inside ? moved : moment, calls: [{ turn: 1, thinkMs: 0 }] }
    })
  },
  async act(agent, task) {
    for (const call of task.calls) await agent.call(call)
  },
})
