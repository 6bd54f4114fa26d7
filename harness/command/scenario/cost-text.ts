// The end of a dry run: where the calls would go, how many at most, what they change, what stops them.
import { callsAtMost } from '../../plan/at-most.ts'
import type { Plan } from '../../plan/plan.ts'
import { BUILT_IN } from '../../run/halt.ts'
import { capsOf, costOf, heldBack, heldNotes, isLoopback } from '../../run/safety.ts'
import type { Target } from '../../target.ts'
import type { ScenarioOptions } from './options.ts'

export function costText(plan: Plan, target: Target, { halts, promql }: Pick<ScenarioOptions, 'halts' | 'promql'>): string {
  const url = typeof target.url === 'string' ? target.url : undefined
  const far = url !== undefined && !isLoopback(url)
  const stops = [...(halts?.map(({ text }) => text) ?? (far ? [BUILT_IN] : [])), ...(promql ? [promql.expression] : []), 'Ctrl-C']
  const held = url === undefined ? undefined : heldBack(url, target, plan)
  const lines = [
    `sent to     ${far ? `${new URL(url).host}, named in safety.hosts` : 'this machine, which has no caps'}`,
    `at most     ${far ? capped(plan, target) : uncapped(plan)}`,
    ...(held ? heldNotes(held, plan).map((note) => `held back   ${note}`) : []),
    `changes     ${changes(plan, target, far)}`,
    `breaks      ${[...new Set(plan.faults.map(({ fault }) => fault))].join(', ') || 'nothing'}`,
    `stops by    ${stops.join(' · ')}`,
  ]
  return `\nwhat it costs\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}

function capped(plan: Plan, target: Target): string {
  return costOf(plan, target)
    .map(({ what, value, cap }) => `${value.toLocaleString('en')} ${what} (cap ${cap.toLocaleString('en')})`)
    .join(', ')
}

function uncapped(plan: Plan): string {
  const calls = plan.agents.reduce((sum, agent) => sum + callsAtMost(agent, plan.protocol), 0)
  const seconds = Math.ceil(plan.endsAtMs / 1_000)
  return `${Number.isFinite(calls) ? calls.toLocaleString('en') : 'any number of'} calls by ${plan.agents.length} agents in ${seconds} s`
}

function changes({ roles }: Plan, target: Target, far: boolean): string {
  const tools = (['write', 'money'] as const).flatMap((role) => (roles[role] ? [`${roles[role].tool} (${role})`] : []))
  if (tools.length === 0) return 'nothing: the roles of this scenario only read'
  return `${tools.join(', ')}${far ? `, named in safety.writes: ${capsOf(target).writes.join(', ')}` : ''}`
}
