// What an agent did: all its calls, and those of one of its tasks, in the order in which they were sent. Grouped once a history, and the tasks
// only of agents that are looked at.
import type { Call } from '../history/event.ts'
import { once } from '../history/once.ts'

const byAgent = once((calls: readonly Call[]) => Map.groupBy(calls, ({ agent }) => agent))
const byTask = once((calls: readonly Call[]) => Map.groupBy(calls, ({ task }) => task))

export function agentsCalls(calls: readonly Call[], agent: string): readonly Call[] {
  return byAgent(calls).get(agent) ?? []
}

/** All calls of this one's task. */
export function taskOf(calls: readonly Call[], { agent, task }: Call): readonly Call[] {
  return byTask(agentsCalls(calls, agent)).get(task) ?? []
}
