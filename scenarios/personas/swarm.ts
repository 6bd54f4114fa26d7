// The agents that an orchestrator starts at once: each is one of many, all begin within a moment of each other, all ask the same tools.
//
// Stands for: "23 new agents in 60 s pinned 30 pooled connections", and from 0 to 100 in 30 s. Rows of the table in docs/presets.md:
// "burst peak", "fan-out a turn", "think time between turns". `agents` is the size of the swarm.
// Parameters: waveEveryMs, from one swarm to the next (0: one at the start of each phase; 0–600,000); spreadMs, within which all of them
// begin (1,000 ms, 0–600,000); turnsFrom and turnsTo of each (1 and 3, 1–50); thinkMs, the median pause between (1,700 ms, quick 425).
// Not modelled: the orchestrator's own call and its wait for all; agents that start agents.
import { atQuick, count, milliseconds } from '../../harness/parameters.ts'
import { persona } from '../../harness/persona.ts'
import { sketchTurns, walkTurns } from './turns.ts'

export const swarm = persona({
  summary: 'One of many agents that an orchestrator starts in the same moment, for a few turns each.',
  source: 'xorbitsai/xagent#889 (23 agents in 60 s, every connection pinned); Infobip (0 to 100 agents in 30 s)',
  parameters: {
    waveEveryMs: milliseconds(0, { from: 0, to: 600_000 }),
    spreadMs: milliseconds(1_000, { from: 0, to: 600_000 }),
    turnsFrom: count(1, { from: 1, to: 50 }),
    turnsTo: count(3, { from: 1, to: 50 }),
    thinkMs: atQuick(milliseconds(1_700, { from: 0, to: 600_000 }), 425),
  },
  tasks(draw, { waveEveryMs, spreadMs, ...turns }, span) {
    const shape = { ...turns, fanOutShare: 0, fanOutFrom: 1, fanOutTo: 1 }
    const stepMs = waveEveryMs || span.toMs - span.fromMs
    const waves = Math.ceil((span.toMs - span.fromMs) / stepMs)
    return Array.from({ length: waves }, (_, wave) => {
      const startMs = span.fromMs + wave * stepMs + draw.int(0, Math.floor(spreadMs))
      const atMs = Math.min(startMs, span.toMs - 1)
      return { atMs, calls: sketchTurns(draw, atMs, span, shape) }
    })
  },
  async act(agent, task) {
    await walkTurns(agent, task, true, (call) => agent.call(call))
  },
})
