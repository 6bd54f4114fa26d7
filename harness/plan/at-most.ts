// The most that a plan can send, for hosts that have a cap: in all, and in any window of 1 s. What leaves at its planned moment is
// counted as planned. What leaves when an answer has come (later turns, tries, walks, loops) has no moment of its own: a server that
// stalls and then answers everybody lets it all leave at once. So such agents each get an allowance of calls a second, which the drivers
// keep, and the allowances together with the planned moments of the others stay a tenth below the cap: the network may bunch what left
// apart. Handshakes of the eras of sessions count too: opening one takes two messages, a call that was given up another. Pure.
import { expectedCalls } from './peak.ts'
import type { Plan, PlannedAgent, PlannedTask } from './plan.ts'

const WINDOW_MS = 1_000
/** Room for what the network bunches. ours */
const SHARE = 0.9
const HANDSHAKE = 2

export interface Allowances {
  /** Calls in any window of 1 s that the planned moments and all allowances come to, at most. */
  ratePerSecond: number
  /** By the agents' index: calls a second; undefined for those that leave at planned moments alone. */
  perAgent: (number | undefined)[]
}

/** Calls that may come of an agent: planned ones, their tries and walks as the tasks say themselves, and loops to their end. */
export function callsAtMost(agent: PlannedAgent, protocol: Plan['protocol']): number {
  const sessions = protocol === '2026-07-28' ? 1 : HANDSHAKE
  const calls = agent.tasks.reduce((sum, task) => sum + ofTask(task, agent), 0)
  return sessions === 1 ? calls : calls * sessions + HANDSHAKE
}

function ofTask({ calls, callsMax, untilMs }: PlannedTask, { parameters }: PlannedAgent): number {
  if (callsMax !== undefined) return Math.max(callsMax, calls.length)
  if (untilMs !== undefined) return Number(parameters.callsMax ?? Number.POSITIVE_INFINITY)
  return calls.length * Number(parameters.tries ?? 1)
}

/** What the plan itself puts into its fullest second, before anything is held back: loops count one call each. */
export function plannedRate(plan: Plan): number {
  const { fixed, paced } = split(plan)
  return fullest(fixed.flatMap(momentsOf)) + paced.reduce((sum, agent) => sum + leastOf(agent), 0)
}

/** Undefined when the plan alone asks for more than the cap. */
export function allowances(plan: Plan, ratePerSecondMax: number): Allowances | undefined {
  const budget = budgetOf(ratePerSecondMax)
  const { paced } = split(plan)
  const left = budget - plannedRate(plan)
  if (left < 0) return undefined
  const more = paced.length === 0 ? 0 : Math.floor(left / paced.length)
  const perAgent = plan.agents.map((agent) => (paced.includes(agent) ? leastOf(agent) + more : undefined))
  return { ratePerSecond: budget, perAgent }
}

/** Of a cap, what is used. */
export function budgetOf(ratePerSecondMax: number): number {
  return Math.max(1, Math.floor(ratePerSecondMax * SHARE))
}

/** The least cap of which so much can be used. */
export function capFor(ratePerSecond: number): number {
  return Math.ceil(ratePerSecond / SHARE)
}

/** Those whose calls all leave at moments of their own, and the others. */
function split({ agents, protocol }: Plan): { fixed: PlannedAgent[]; paced: PlannedAgent[] } {
  const fixed = agents.filter((agent) => protocol === '2026-07-28' && agent.tasks.every((task) => leavesAsPlanned(task, agent)))
  return { fixed, paced: agents.filter((agent) => !fixed.includes(agent)) }
}

function leavesAsPlanned(task: PlannedTask, agent: PlannedAgent): boolean {
  return task.untilMs === undefined && task.calls.every(({ turn }) => turn === 1) && ofTask(task, agent) <= task.calls.length
}

/** An agent's own fullest second, and at least one call. */
function leastOf(agent: PlannedAgent): number {
  return Math.max(1, fullest(momentsOf(agent)))
}

function momentsOf({ tasks }: PlannedAgent): number[] {
  return tasks.flatMap((task) => (task.untilMs === undefined ? expectedCalls(task).map(({ atMs }) => atMs) : []))
}

/** Most of them in any window of 1 s. */
export function fullest(moments: readonly number[], windowMs = WINDOW_MS): number {
  const sorted = [...moments].sort((a, b) => a - b)
  let first = 0
  let most = 0
  sorted.forEach((atMs, last) => {
    while (atMs - (sorted[first] ?? 0) >= windowMs) first++
    most = Math.max(most, last - first + 1)
  })
  return most
}
