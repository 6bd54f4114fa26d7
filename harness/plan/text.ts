// The plan as bytes and as words. As bytes it is canonical (keys in code-unit order, no blanks), so that its hash proves
// that two machines drew the same plan.
import { createHash } from 'node:crypto'
import { measuredArrivals } from './arrivals-measured.ts'
import { expectedCalls, loopsAtOnce, peakConcurrency } from './peak.ts'
import type { Phase, Plan, PlannedAgent, Role } from './plan.ts'

/** Canonical JSON with a newline at the end: plan.json, byte for byte. */
export function planText(plan: Plan): string {
  return `${canonical(plan)}\n`
}

/** SHA-256 of the text, as 64 hex digits. */
export function planHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
}

/** The plan in words, for `--dry-run`: who calls what, how often, which faults when, and how much of it at once. */
export function describePlan(plan: Plan): string {
  const { scenario, target, scale, seed, endsAtMs, patienceMs } = plan
  return [
    `${scenario} against ${target}, ${scale} scale, seed ${seed}: ${seconds(endsAtMs)}, then at most ${seconds(patienceMs)} for the last answers`,
    `plan ${planHash(planText(plan))}`,
    '',
    'phases',
    ...plan.phases.map((phase) => `  ${phaseName(phase).padEnd(24)} ${span(phase.fromMs, phase.toMs)}`),
    '',
    `agents: ${plan.agents.length}`,
    ...groups(plan).map((group) => describeGroup(plan, group)),
    ...(plan.leftOut ?? []).map((lack) => `  ${lack}`),
    `  arrivals of tasks: index of dispersion ${measuredArrivals(plan).dispersion ?? 'none'} (1 is Poisson)`,
    '',
    'calls under way at once, at most (each taking its whole SLO)',
    ...Object.entries(peakConcurrency(plan)).map(([role, peak]) => `  ${label(plan, role as Role).padEnd(36)} ${peak}`),
    '',
    'faults',
    ...(plan.faults.length === 0 ? ['  none: the hostile agents are the stress'] : plan.faults.map(describeFault)),
    '',
    'checks',
    ...plan.checks.map(({ check }) => `  ${check}${plan.essential.includes(check) ? ' (essential)' : ''}`),
    '',
  ].join('\n')
}

interface Group {
  agents: PlannedAgent[]
  role: Role
}

/** Agents of one persona with one role and the same parameters read as one line. */
function groups(plan: Plan): Group[] {
  const found = new Map<string, Group>()
  for (const agent of plan.agents) {
    const role = agent.tasks[0]?.calls[0]?.role
    if (role === undefined) continue
    const key = canonical([agent.persona, role, agent.parameters])
    const group = found.get(key) ?? { agents: [], role }
    found.set(key, group)
    group.agents.push(agent)
  }
  return [...found.values()]
}

function describeGroup(plan: Plan, { agents, role }: Group): string {
  const [first] = agents as [PlannedAgent]
  const head = `  ${agents.length} × ${first.persona.padEnd(14)} ${label(plan, role).padEnd(32)}`
  const tasks = agents.flatMap((agent) => agent.tasks)
  const loops = first.tasks.filter((task) => task.untilMs !== undefined)
  if (loops.length > 0) {
    const when = loops.map(({ atMs, untilMs = atMs }) => span(atMs, untilMs)).join(', ')
    const atMost = first.parameters.callsMax === undefined ? '' : `, at most ${first.parameters.callsMax} calls each`
    return `${head} loops ${when}: ${loopsAtOnce(first)} at once, as fast as it is answered${atMost}`
  }
  const moments = tasks.flatMap(expectedCalls).map(({ atMs }) => atMs)
  const rates = plan.phases.map((phase) => {
    const calls = moments.filter((at) => at >= phase.fromMs && at < phase.toMs).length
    return `${phaseName(phase)} ${((calls * 1_000) / Math.max(1, phase.toMs - phase.fromMs)).toFixed(1)}/s`
  })
  return `${head} ${some(moments.length, 'call')} in ${some(tasks.length, 'task')}: ${rates.join(', ')}`
}

function describeFault({ window, fault, parameters, injectAtMs, healAtMs, turn, steps = [] }: Plan['faults'][number]): string {
  const given = Object.entries(parameters).map(([name, value]) => `${name} ${value}`)
  const time = turn === undefined ? '' : `, time ${turn}`
  const grows = steps.length === 0 ? '' : `, grows in ${steps.length} steps`
  return `  ${fault.padEnd(24)} ${span(injectAtMs, healAtMs)}, window ${window}${time}${grows}${given.length > 0 ? ` (${given.join(', ')})` : ''}`
}

function label(plan: Plan, role: Role): string {
  return `${role} (${plan.roles[role]?.tool ?? '?'})`
}

function some(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function phaseName({ name, window }: Phase): string {
  return window === undefined || window === name ? name : `${name} of ${window}`
}

function span(fromMs: number, toMs: number): string {
  return `${fromMs / 1_000}–${seconds(toMs)}`
}

function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`
}
