// One agent follows its timeline: waits for each planned moment, starts the task, lets tasks that overlap run side by side. Pure but for
// the four verbs of the engine that it is given, so the same code runs inside k6 and, in its test, on a clock of the test's own.
//
// After the plan's end nothing is sent: tasks stay where they are, answers under way are awaited, then the stop line is written.
import type { StreamCounts } from '../history/load-line.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { PlannedAgent, PlannedTask } from '../plan/plan.ts'
import { Caller } from './caller.ts'
import type { Engine, RunFacts } from './engine.ts'
import { rareLine } from './line-text.ts'
import { Session } from './session.ts'
import { TaskClient } from './task-client.ts'
import { traces } from './trace.ts'

const TEXT_CHARACTERS_MAX = 4_000

/** Resolves after the agent's stop line: at the plan's end, or when its calls under way then are answered. */
export async function followTimeline(planned: PlannedAgent, persona: PersonaDefinition, facts: RunFacts, engine: Engine): Promise<void> {
  const { agent, tasks } = planned
  const caller = new Caller(planned, facts, engine)
  const session = new Session(facts.protocol, caller.listen)
  const running: Promise<void>[] = []
  const trace = traces(facts.run, agent)
  for (const task of tasks) {
    await engine.wait(task.atMs - caller.now())
    if (caller.isOver()) break
    const client = new TaskClient(caller, task, trace(running.length + 1), session, facts, engine)
    running.push(runTask(client, planned, task, persona, caller, engine))
  }
  const over = engine.wait(facts.endsAtMs - caller.now())
  await Promise.race([Promise.all(running), over])
  await caller.stop()
  const { callsSent } = caller
  const met = streamsMet(engine)
  const atMs = caller.now()
  engine.write(rareLine({ kind: 'stop', seq: caller.next(), agent, tasksStarted: running.length, callsSent, ...met, atMs }))
}

function streamsMet({ streams }: Engine): { streams?: StreamCounts } {
  return streams && Object.values(streams.seen).some((count) => count > 0) ? { streams: { ...streams.seen } } : {}
}

async function runTask(
  client: TaskClient,
  { agent, parameters }: PlannedAgent,
  task: PlannedTask,
  persona: PersonaDefinition,
  caller: Caller,
  engine: Engine,
): Promise<void> {
  try {
    await persona.act(client, task, parameters)
  } catch (error) {
    const text = error instanceof Error ? `${error}\n${error.stack ?? ''}` : String(error)
    engine.write(rareLine({ kind: 'crash', seq: caller.next(), agent, task: task.task, text: text.slice(0, TEXT_CHARACTERS_MAX) }))
  }
  client.leave()
}
