// Gate G1: was the load really offered? A generator that is late, skips tasks or loses lines measures itself, and a server
// that was asked less than planned has proved less (coordinated omission; wrk2 counts from the planned moment for that reason).
//
// Limits: latenessMs, p99 of how late tasks' first calls left (default 50 ms); clockDriftMs, wall against monotonic clock over
// the run (default 20 ms). Both ours. Not modelled: lateness of later calls of a task, which have no moment of their own.

import type { History } from '../history/history.ts'
import { firstCalls, lateMs, lateness99Ms } from '../history/lateness.ts'
import { milliseconds } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, some, time } from './finding.ts'

const WITNESSES = 20

export const loadOffered = check({
  code: 'G1',
  title: 'The load was offered as planned',
  why: 'A server that was asked less, or later, than planned has not been tried. Whatever it then seems to hold proves nothing.',
  remedy: {
    control: 'the load generator',
    do: 'Give the generator its own cores, or plan less: fewer agents, or a smaller salvo at one moment. Then run again.',
  },
  source: 'wrk2, coordinated omission; Schroeder et al., Open Versus Closed, NSDI 2006; limits are ours',
  sort: 'gate',
  needs: [],
  limits: { latenessMs: milliseconds(50), clockDriftMs: milliseconds(20) },
  judge(history, limits) {
    const late = firstCalls(history)
    const p99Ms = lateness99Ms(history)
    const problems = [
      ...lateProblem(late.length, p99Ms, limits.latenessMs),
      ...agentProblems(history),
      ...clockProblem(history, limits.clockDriftMs),
    ]
    const tooLate = late.filter((call) => lateMs(call) > limits.latenessMs).sort((a, b) => lateMs(b) - lateMs(a))
    return {
      status: problems.length === 0 ? 'pass' : 'unknown',
      ...(late.length > 0 && { measured: Math.round(p99Ms * 10) / 10 }),
      limit: limits.latenessMs,
      unit: 'ms',
      samples: late.length,
      says: problems.length === 0 ? `${some(late.length, 'task')} started on time: 99 % within ${time(p99Ms)}` : problems.join('; '),
      witnesses: indexes(tooLate.slice(0, WITNESSES)),
    }
  },
})

function lateProblem(tasks: number, p99Ms: number, limitMs: number): string[] {
  if (tasks === 0) return ['no call was sent at all']
  return p99Ms <= limitMs ? [] : [`calls left late: 99th percentile ${time(p99Ms)}, limit ${time(limitMs)}`]
}

function agentProblems({ agents, calls }: History): string[] {
  const planned = agents.reduce((sum, agent) => sum + agent.tasksPlanned, 0)
  const started = agents.reduce((sum, agent) => sum + Math.min(agent.tasksStarted, agent.tasksPlanned), 0)
  const broken = agents.filter((agent) => agent.missing.length > 0)
  const lines = new Map<string, number>()
  for (const { agent } of calls) lines.set(agent, (lines.get(agent) ?? 0) + 1)
  const miscounted = agents.filter(({ agent, stopped, callsSent }) => stopped && callsSent !== (lines.get(agent) ?? 0))
  const silent = agents.filter((agent) => !agent.stopped)
  const crashes = agents.flatMap((agent) => agent.crashes.map((text) => `${agent.agent}: ${text}`))
  return [
    ...(started < planned ? [`${planned - started} of ${some(planned, 'task')} never started`] : []),
    ...(broken.length > 0 ? [`lines are missing or doubled in the record of ${names(broken.map(({ agent }) => agent))}`] : []),
    ...miscounted.slice(0, 1).map(({ agent, callsSent }) => {
      const others = miscounted.length > 1 ? `; so it is with ${miscounted.length - 1} more` : ''
      return `${agent} counted ${some(callsSent, 'call')} that it sent, its record has ${lines.get(agent) ?? 0}${others}`
    }),
    ...(silent.length > 0 ? [`the record of ${names(silent.map(({ agent }) => agent))} has no end`] : []),
    ...(crashes.length > 0 ? [`${some(crashes.length, 'persona')} crashed, first ${crashes[0]}`] : []),
  ]
}

function clockProblem({ clocks }: History, limitMs: number): string[] {
  const offsets = clocks.map(({ atMs, monotonicMs }) => atMs - monotonicMs)
  if (offsets.length < 2) return ['the clocks were not read at both ends of the run, so their drift is not known']
  const driftMs = Math.max(...offsets) - Math.min(...offsets)
  return driftMs <= limitMs ? [] : [`wall and monotonic clock drifted apart by ${time(driftMs)}, limit ${time(limitMs)}`]
}

function names(agents: string[]): string {
  const rest = agents.length - 3
  return rest > 0 ? `${agents.slice(0, 3).join(', ')} and ${rest} more` : agents.join(', ')
}
