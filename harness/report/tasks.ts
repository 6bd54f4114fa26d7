// What an agent did around a few calls: those that are shown whole stand among the others of their task. One look through all calls, however
// many are asked for.
import type { Call } from '../history/event.ts'

/** @returns all calls of a task, in the order in which they were sent; of tasks that one of the few belongs to */
export function tasksOf(calls: readonly Call[], few: Iterable<Call>): (call: Call) => readonly Call[] {
  const tasks = new Map<string, Map<string, Call[]>>()
  for (const { agent, task } of few) {
    const own = tasks.get(agent) ?? new Map<string, Call[]>()
    tasks.set(agent, own.set(task, []))
  }
  for (const call of calls) tasks.get(call.agent)?.get(call.task)?.push(call)
  return ({ agent, task }) => tasks.get(agent)?.get(task) ?? []
}
