// A model that guesses: some of its arguments name a column that is not there, miss a bracket, or are of the wrong type; it is told, and
// guesses again.
//
// Stands for: free SQL and half-remembered schemas. Each mistake must cost the server a sentence, not a connection, a breaker or a stack
// trace. Its calls are the stress: nobody counts them as goodput.
// Parameters: everyMs, its pace (500 ms, 20–600,000); mistakenShare of its calls (0.5 of 1). The wrong arguments are the role's `mistakes`.
// Not modelled: learning from what it was told.
import { milliseconds, share } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

export const guesser = persona({
  summary: 'Calls with arguments of which a share is wrong, and takes the answer as it is.',
  source: 'crystaldba#98; hermes-agent#11113; SmartAI/mcp-chaos (models that retry with other arguments)',
  hostile: true,
  errs: true,
  parameters: { everyMs: milliseconds(500, { from: 20, to: 600_000 }), mistakenShare: share(0.5) },
  tasks(draw, { everyMs, mistakenShare }, span) {
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => {
      const mistaken = draw.chance(mistakenShare)
      return { atMs, calls: [{ turn: 1, thinkMs: 0, ...(mistaken && { mistaken }) }] }
    })
  },
  async act(agent, task) {
    for (const call of task.calls) await agent.call(call)
  },
})
