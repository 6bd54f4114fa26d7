// How many calls of each role the plan may have under way at once. Some of the worst faults show nothing up to the size
// of a pool and everything just above it, so a plan says its peak. An estimate from above: each answer is taken to need
// the role's whole SLO, and later turns to begin when the ones before are that old. Loops count as many as they run at once.
import type { Plan, PlannedAgent, PlannedTask, Role } from './plan.ts'

export interface ExpectedCall {
  role: Role
  /** Earliest moment at which it can leave, ms since the run's start. */
  atMs: number
}

/** When each call of a task leaves at the earliest: think times only, answers taken to be instant. */
export function expectedCalls(task: PlannedTask): ExpectedCall[] {
  return withAnswers(task, () => 0)
}

export function peakConcurrency(plan: Plan): Partial<Record<Role, number>> {
  const steps = new Map<Role, { atMs: number; by: number }[]>()
  const hold = (role: Role, fromMs: number, toMs: number, by: number) => {
    const list = steps.get(role) ?? []
    steps.set(role, list)
    list.push({ atMs: fromMs, by }, { atMs: toMs, by: -by })
  }
  const sloMs = (role: Role) => plan.roles[role]?.sloMs ?? 0
  for (const agent of plan.agents) {
    for (const task of agent.tasks) {
      const [first] = task.calls
      if (task.untilMs !== undefined && first) hold(first.role, task.atMs, task.untilMs + sloMs(first.role), loopsAtOnce(agent))
      else for (const { role, atMs } of withAnswers(task, sloMs)) hold(role, atMs, atMs + sloMs(role), 1)
    }
  }
  const peaks: Partial<Record<Role, number>> = {}
  for (const [role, list] of steps) peaks[role] = highest(list)
  return peaks
}

/** By convention a persona that loops declares how many loops it runs as `atOnce`. */
export function loopsAtOnce({ parameters }: PlannedAgent): number {
  return Number(parameters.atOnce ?? 1)
}

function withAnswers(task: PlannedTask, answerMs: (role: Role) => number): ExpectedCall[] {
  const expected: ExpectedCall[] = []
  let turn: number | undefined
  let atMs = task.atMs
  let endMs = task.atMs
  for (const call of task.calls) {
    if (call.turn !== turn) atMs = turn === undefined ? task.atMs : endMs + call.thinkMs
    turn = call.turn
    endMs = Math.max(endMs, atMs + answerMs(call.role))
    expected.push({ role: call.role, atMs })
  }
  return expected
}

function highest(steps: { atMs: number; by: number }[]): number {
  let now = 0
  let peak = 0
  // An answer that ends as another call begins makes room for it.
  for (const { by } of steps.sort((a, b) => a.atMs - b.atMs || a.by - b.by)) {
    now += by
    peak = Math.max(peak, now)
  }
  return peak
}
