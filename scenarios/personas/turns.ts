// A task in turns, as personas that think share it: a few steps of a model, a pause before each but the first, usually one call a step
// and sometimes several at once. Rows of the table in docs/presets.md: "calls a task", "think time between turns", "fan-out a turn".
import type { Agent, Draw, PlannedCall, PlannedTask, SketchedCall, Span } from '../../harness/persona.ts'

/** p90 ÷ median of a fast model's pauses: 3.6 s ÷ 1.7 s, on a log-normal. */
const THINK_SPREAD = 0.58

export interface Turns {
  turnsFrom: number
  turnsTo: number
  /** Of its turns that make several calls; the others make one. */
  fanOutShare: number
  fanOutFrom: number
  fanOutTo: number
  /** Median pause before a turn. */
  thinkMs: number
}

/** The calls of one task; turns that could not begin before the end of the span are left out. */
export function sketchTurns(draw: Draw, atMs: number, span: Span, shape: Turns): SketchedCall[] {
  const { turnsFrom, turnsTo, fanOutShare, fanOutFrom, fanOutTo, thinkMs } = shape
  const calls: SketchedCall[] = []
  const turns = draw.int(Math.min(turnsFrom, turnsTo), turnsTo)
  let earliestMs = atMs
  for (let turn = 1; turn <= turns; turn++) {
    const pauseMs = turn === 1 ? 0 : draw.logNormal(thinkMs, THINK_SPREAD)
    const several = fanOutShare >= 1 || (fanOutShare > 0 && draw.chance(fanOutShare))
    const fanOut = several ? draw.int(Math.min(fanOutFrom, fanOutTo), Math.max(fanOutFrom, fanOutTo)) : 1
    earliestMs += pauseMs
    if (earliestMs >= span.toMs) break
    for (let n = 0; n < fanOut; n++) calls.push({ turn, thinkMs: pauseMs })
  }
  return calls
}

/** Goes through the turns: thinks, then makes the calls of a turn side by side, or one after the other. */
export async function walkTurns(
  agent: Agent,
  task: PlannedTask,
  atOnce: boolean,
  make: (call: PlannedCall, position: number) => Promise<unknown>,
): Promise<void> {
  for (const turn of new Set(task.calls.map((call) => call.turn))) {
    const calls = task.calls.filter((call) => call.turn === turn)
    if (turn > 1) await agent.think(calls[0]?.thinkMs ?? 0)
    if (atOnce) await Promise.all(calls.map(make))
    else for (const [position, call] of calls.entries()) await make(call, position)
  }
}
