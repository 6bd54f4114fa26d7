// Proof that the generator's file is whole: every agent numbers its lines from 1 and closes with a stop line. A number that is missing,
// one that comes twice and one that comes out of its order are told apart; memory is bounded by the gaps, not by the lines.
import type { AgentLine } from './event.ts'
import type { History } from './history.ts'
import type { Load } from './load-files.ts'

/** More missing or doubled numbers than this are not listed one by one. */
const LISTED_MAX = 1_000

/** The numbers of one agent's lines, in the order of its file. */
export class Sequence {
  /** Lines that came after one with a higher number. */
  disordered = 0
  readonly doubled: number[] = []
  readonly #gaps = new Set<number>()
  #next = 1

  take(seq: number): void {
    if (seq >= this.#next) {
      for (; this.#next < seq && this.#gaps.size < LISTED_MAX; this.#next++) this.#gaps.add(this.#next)
      this.#next = seq + 1
    } else if (this.#gaps.delete(seq)) this.disordered++
    else if (this.doubled.length < LISTED_MAX) this.doubled.push(seq)
  }

  /** Ascending. */
  get missing(): number[] {
    return [...this.#gaps].sort((a, b) => a - b)
  }
}

/** One line for each agent of the plan, heard of or not. */
export function agentLines(plan: History['plan'], { calls, agents }: Pick<Load, 'calls' | 'agents'>): AgentLine[] {
  const open = new Map(plan.agents.flatMap(({ agent }) => (agents.get(agent)?.stop ? [] : [[agent, new Set<string>()] as const])))
  if (open.size > 0) for (const { agent, task } of calls) open.get(agent)?.add(task)
  return plan.agents.map(({ agent, tasks }) => {
    const { lines = 0, sequence = new Sequence(), stop, crashes = [] } = agents.get(agent) ?? {}
    const { disordered } = sequence
    return {
      kind: 'agent',
      agent,
      tasksPlanned: tasks.length,
      tasksStarted: stop?.tasksStarted ?? open.get(agent)?.size ?? 0,
      callsSent: stop?.callsSent ?? 0,
      lines,
      missing: [...sequence.missing, ...sequence.doubled].sort((a, b) => a - b),
      ...(disordered > 0 && { disordered }),
      stopped: stop !== undefined,
      crashes,
    }
  })
}

/** Lines that are all there, but not as they were written: somebody has had the file in their hands. */
export function disordered(agents: readonly AgentLine[]): string[] {
  const found = agents.filter((agent) => agent.disordered)
  if (found.length === 0) return []
  const lines = found.reduce((sum, { disordered: own = 0 }) => sum + own, 0)
  return [`${lines} lines are not in the order in which they were written, of ${found.length} agents, first ${found[0]?.agent}`]
}
