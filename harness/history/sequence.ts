// Proof that the generator's file is whole: every agent numbers its lines from 1 and closes with a stop line.
import type { AgentLine, LoadLine } from './event.ts'
import type { History } from './history.ts'

/** More missing numbers than this are not listed one by one. */
const LISTED_MAX = 1_000

type Numbered = Exclude<LoadLine, { kind: 'start' }>

/** One line for each agent of the plan, heard of or not. */
export function agentLines(plan: History['plan'], load: readonly LoadLine[]): AgentLine[] {
  const byAgent = new Map<string, Numbered[]>(plan.agents.map(({ agent }) => [agent, []]))
  for (const line of load) if (line.kind !== 'start') byAgent.get(line.agent)?.push(line)
  return plan.agents.map(({ agent, tasks }) => agentLine(agent, tasks.length, byAgent.get(agent) ?? []))
}

function agentLine(agent: string, tasksPlanned: number, lines: readonly Numbered[]): AgentLine {
  const stop = lines.find((line) => line.kind === 'stop')
  const tasks = new Set(lines.flatMap((line) => (line.kind === 'send' ? [line.task] : [])))
  return {
    kind: 'agent',
    agent,
    tasksPlanned,
    tasksStarted: stop?.tasksStarted ?? tasks.size,
    callsSent: stop?.callsSent ?? 0,
    lines: lines.length,
    missing: missingOrDoubled(lines.map((line) => line.seq)),
    stopped: stop !== undefined,
    crashes: lines.flatMap((line) => (line.kind === 'crash' ? [line.text] : [])),
  }
}

function missingOrDoubled(seqs: number[]): number[] {
  const wrong: number[] = []
  let expected = 1
  for (const seq of seqs.sort((a, b) => a - b)) {
    for (; expected < seq && wrong.length < LISTED_MAX; expected++) wrong.push(expected)
    if (seq < expected && wrong.length < LISTED_MAX) wrong.push(seq)
    expected = Math.max(expected, seq + 1)
  }
  return wrong
}
