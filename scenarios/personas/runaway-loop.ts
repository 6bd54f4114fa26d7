// An agent that does not notice that it loops: it calls again as soon as it is answered, whatever the answer was.
//
// Stands for: "one agent called list_tables 200 times in 30 seconds". Rows of the table in docs/presets.md: "runaway, same
// arguments" and "runaway, varied arguments" (277 calls, each a little different, which guards on equal arguments miss).
// Closed on purpose: a slower server is asked less often.
// Parameters: atOnce, loops side by side (1, 1–500); pauseMs, between an answer and the next call (50 ms, 0–60,000: it keeps
// a fast refusal from turning into a busy loop); vary, `same` or `arguments`; callsMax, an end to it all (20,000 calls).
// Not modelled: the model's own thinking between calls, and any change of behaviour on an error: it has none.
import { choice, count, milliseconds } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'

/** Different calls before they come round again. */
const VARIETY = 277

export const runawayLoop = persona({
  summary: 'Calls one tool in parallel loops for as long as it may, whatever it is answered.',
  source: 'seed 2, opening (list_tables 200 times in 30 s); hermes-agent#10776 (same arguments); opencode#31942 (varied arguments)',
  hostile: true,
  parameters: {
    atOnce: count(1, { from: 1, to: 500 }),
    pauseMs: milliseconds(50, { from: 0, to: 60_000 }),
    vary: choice(['same', 'arguments'], 'same'),
    callsMax: count(20_000, { from: 1, to: 1_000_000 }),
  },
  tasks(_draw, { vary, callsMax }, span) {
    const length = vary === 'same' ? 1 : Math.min(VARIETY, callsMax)
    return [{ atMs: span.fromMs, untilMs: span.toMs, calls: Array.from({ length }, () => ({ turn: 1, thinkMs: 0 })) }]
  },
  async act(agent, task, { atOnce, pauseMs, callsMax }) {
    const untilMs = task.untilMs ?? 0
    let sent = 0
    const loop = async () => {
      while (sent < callsMax && agent.now() < untilMs) {
        const round = Math.floor(sent / task.calls.length)
        const call = task.calls[sent % task.calls.length]
        if (!call) return
        sent++
        // It means every call anew: a write that comes round again is no repetition of the first.
        await agent.call(call.key === undefined || round === 0 ? call : { ...call, key: `${call.key}-r${round}` })
        await agent.think(pauseMs)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, loop))
  },
})
