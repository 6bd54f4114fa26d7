// An agent with a short timeout that asks again, with the same idempotency key, when it has not heard.
//
// Stands for: a session timeout of 5 s against a tool that took 8 s: the same write sent three times. Rows of the table in
// docs/presets.md: "client timeout" (5 s), "on timeout", "retry, framework" (2 more tries, a second apart), "duplicate write".
// Parameters: everyMs, the pace of one agent's tasks (1,000 ms, 20–600,000); timeoutMs (5,000 ms, 50–300,000); tries in all
// (3, 1–20); pauseMs, between a lost answer and asking again (1,000 ms, 0–60,000);
// recheckShare, of its tasks that it asks again though the answer was ok, as a framework that lost its place does (0 of 1, 0–1);
// twiceShare, of its tasks that leave twice at the same moment, as where two layers each send what they were given (0 of 1, 0–1);
// alteredShare, of its tasks whose key it uses once more, after an ok, for other arguments (0 of 1, 0–1): a key made of too little, such as
// of the day and the customer. The first number among the arguments is one more, else the first text has an x at its end, however deep.
// A refusal is an answer: it is not asked again. What is lost is asked again even when it was a write, since the key makes that safe.
// Not modelled: backing off ever longer, giving up the task midway, a new key for the same intent (that is the model's own retry).
import { count, milliseconds, share } from '../../harness/parameters.ts'
import { type Answer, persona } from '../../harness/persona.ts'

export const impatient = persona({
  summary: 'Gives up after a short timeout and asks again with the same idempotency key.',
  source: 'OpenAI Agents SDK, 5 s session timeout; LangChain, 2 retries at 1 s; SmartAI/mcp-chaos, duplicate-write',
  parameters: {
    everyMs: milliseconds(1_000, { from: 20, to: 600_000 }),
    timeoutMs: milliseconds(5_000, { from: 50, to: 300_000 }),
    tries: count(3, { from: 1, to: 20 }),
    pauseMs: milliseconds(1_000, { from: 0, to: 60_000 }),
    recheckShare: share(0),
    twiceShare: share(0),
    alteredShare: share(0),
  },
  tasks(draw, { everyMs, tries, recheckShare, twiceShare, alteredShare }, span) {
    const callsMax = tries + [recheckShare, twiceShare, alteredShare].filter((part) => part > 0).length
    return draw.arrivals(span, everyMs, 'regular').map((atMs) => ({ atMs, calls: [{ turn: 1, thinkMs: 0 }], callsMax }))
  },
  async act(agent, task, { timeoutMs, tries, pauseMs, recheckShare, twiceShare, alteredShare }) {
    for (const call of task.calls) {
      const times = agent.chance(task, call.turn, 0) < twiceShare ? 2 : 1
      const answers = await Promise.all(Array.from({ length: times }, () => agent.call(call, { timeoutMs })))
      let answer = answers[0] as Answer
      for (let attempt = 2; answer.lost && attempt <= tries; attempt++) {
        await agent.think(pauseMs)
        answer = await agent.again(answer, { timeoutMs })
      }
      if (!answer.ok) continue
      const drawn = agent.chance(task, call.turn, answer.attempt)
      if (drawn < recheckShare) {
        await agent.think(pauseMs)
        answer = await agent.again(answer, { timeoutMs })
      }
      const altered = drawn < 1 - alteredShare ? undefined : other(call.arguments)
      if (!altered) continue
      await agent.think(pauseMs)
      await agent.again(answer, { timeoutMs, altered: altered as Record<string, unknown> })
    }
  },
})

/** The same with one value changed, however deep it lies; undefined: there is none that could be. */
function other(given: unknown): unknown {
  if (typeof given === 'number') return given + 1
  if (typeof given === 'string') return `${given}x`
  if (typeof given !== 'object' || given === null) return undefined
  const fields = Object.entries(given)
  for (const kind of ['number', 'string', 'object'])
    for (const [name, value] of fields) {
      const changed = typeof value === kind ? other(value) : undefined
      if (changed === undefined) continue
      return Array.isArray(given) ? given.map((item, n) => (String(n) === name ? changed : item)) : { ...given, [name]: changed }
    }
  return undefined
}
