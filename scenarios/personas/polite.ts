// An agent that waits as long as it is told, a little longer by chance so that all do not come back at once, and gives up when it has
// waited long enough.
//
// Stands for: what a refusal's Retry-After is written for. None of the stock SDK clients honours it, so this is the client that a server
// author hopes for, and the one that can tell whether the wait was true. Rows of the table in docs/presets.md: "honours Retry-After"
// (a budget of 60 s), "retry, framework" for what nobody told a wait for.
// Parameters: everyMs, its pace (1,000 ms, 20–600,000); calls of a task, one after the other (1, 1–50); tries of each in all
// (6, 1–20); budgetMs, what it may wait for one call in all (60,000, 0–600,000); jitterShare on top of the told wait, never
// below it (0.1 of 1; 0 obeys to the letter); backoffMs, doubled each time, where no wait was told (1,000 ms, 0–60,000).
// Not modelled: sharing what it was told with its other tasks: each asks for itself.
import { count, milliseconds, share } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

export const polite = persona({
  summary: 'Waits as long as a refusal says, with jitter and within a budget, then asks again.',
  source: 'RFC 9110 §10.2.3; seed 1, "Return codes that agents actually understand"; langfuse#16058 (a 60 s budget)',
  parameters: {
    everyMs: milliseconds(1_000, { from: 20, to: 600_000 }),
    calls: count(1, { from: 1, to: 50 }),
    tries: count(6, { from: 1, to: 20 }),
    budgetMs: milliseconds(60_000, { from: 0, to: 600_000 }),
    jitterShare: share(0.1),
    backoffMs: milliseconds(1_000, { from: 0, to: 60_000 }),
  },
  tasks(draw, { everyMs, calls, tries }, span) {
    const turns = Array.from({ length: calls }, (_, n) => ({ turn: n + 1, thinkMs: 0 }))
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => ({ atMs, calls: turns, callsMax: calls * tries }))
  },
  async act(agent, task, { tries, budgetMs, jitterShare, backoffMs }) {
    for (const call of task.calls) {
      let answer = await agent.call(call)
      let leftMs = budgetMs
      while ((answer.refused || answer.lost) && answer.attempt < tries) {
        const { attempt } = answer
        const waitMs = answer.retryAfterMs ?? backoffMs * 2 ** (attempt - 1)
        const longerMs = waitMs * (1 + jitterShare * agent.chance(task, call.turn, attempt))
        if (longerMs > leftMs) break
        leftMs -= longerMs
        await agent.think(longerMs)
        answer = await agent.again(answer)
      }
    }
  },
})
