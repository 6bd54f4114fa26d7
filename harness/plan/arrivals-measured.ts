// How bursty the arrivals of a plan are, as numbers: the index of dispersion of its tasks' moments (variance ÷ mean of the counts in
// windows of 1 s; 1 is Poisson), for all agents that are measured and for each group of equal ones, beside what was asked for.
// Loops have one task a phase and no arrivals; they are left out. Pure.
import { dispersionOf, WINDOW_MS } from './arrivals.ts'
import type { Plan, PlannedAgent, PlannedArrivals, Role } from './plan.ts'

export function measuredArrivals(plan: Plan): PlannedArrivals {
  const agents = plan.agents.filter((agent) => agent.tasks.some(({ untilMs }) => untilMs === undefined))
  const groups = Map.groupBy(agents, ({ persona, parameters, arrivals, tasks }) =>
    JSON.stringify([persona, tasks[0]?.calls[0]?.role, parameters, arrivals]),
  )
  return {
    windowMs: WINDOW_MS,
    ...measured(plan, agents),
    groups: [...groups.values()].map((group) => {
      const [{ persona, tasks, arrivals }] = group as [PlannedAgent]
      const role = tasks[0]?.calls[0]?.role as Role
      return { persona, role, agents: group.length, ...measured(plan, group), ...(arrivals && { asked: arrivals }) }
    }),
  }
}

/** Over the phases in which some of them begin a task. */
function measured({ phases }: Plan, agents: readonly PlannedAgent[]): { tasks: number; dispersion?: number } {
  const moments = agents.flatMap(({ tasks }) => tasks.filter(({ untilMs }) => untilMs === undefined).map(({ atMs }) => atMs))
  const spans = phases.filter(({ fromMs, toMs }) => moments.some((at) => at >= fromMs && at < toMs))
  const dispersion = dispersionOf(moments, joined(spans))
  return { tasks: moments.length, ...(Number.isFinite(dispersion) && { dispersion: Math.round(dispersion * 1_000) / 1_000 }) }
}

/** Phases that follow each other are one stretch, so that windows are whole. */
function joined(spans: readonly { fromMs: number; toMs: number }[]): { fromMs: number; toMs: number }[] {
  const whole: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of spans) {
    const last = whole.at(-1)
    if (last?.toMs === fromMs) last.toMs = toMs
    else whole.push({ fromMs, toMs })
  }
  return whole
}
