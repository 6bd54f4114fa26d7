// What may leave this machine. Loopback needs nothing; any other host must be named, and then has hard caps.
import { BlockList, isIP } from 'node:net'
import { HarnessError } from '../errors.ts'
import type { Plan, PlannedAgent } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import { assertStreamable } from './transport.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

export function isLoopback(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

/**
 * @throws HarnessError `TARGET_INVALID`, `TRANSPORT_NOT_SPOKEN`, `HOST_NOT_ALLOWED`, `WRITE_NOT_ALLOWED`, `CAP_EXCEEDED`
 */
export function assertSafe(url: string, target: Target, plan: Plan): void {
  assertStreamable(url)
  if (isLoopback(url)) return
  const { hosts = [], writes = [], ratePerSecondMax = 20, callsMax = 5_000, durationSMax = 300, agentsMax = 50 } = target.safety ?? {}
  const host = new URL(url).hostname
  if (!hosts.includes(host)) {
    throw new HarnessError(
      'HOST_NOT_ALLOWED',
      `${host} is not this machine, and the target does not name it`,
      `add the line: safety: { hosts: ['${host}'] }`,
    )
  }
  for (const [role, planned] of Object.entries(plan.roles)) {
    if ((role === 'write' || role === 'money') && !writes.includes(planned.tool)) {
      throw new HarnessError(
        'WRITE_NOT_ALLOWED',
        `${planned.tool} changes data at ${host}`,
        `if that is meant, add it: safety: { writes: ['${planned.tool}'] }`,
      )
    }
  }
  const calls = plan.agents.reduce((sum, agent) => sum + callsAtMost(agent), 0)
  const durationS = plan.endsAtMs / 1_000
  const over = [
    { what: 'calls', value: calls, cap: callsMax, name: 'callsMax' },
    { what: 'calls in its busiest second', value: busiestSecond(plan), cap: ratePerSecondMax, name: 'ratePerSecondMax' },
    { what: 'agents', value: plan.agents.length, cap: agentsMax, name: 'agentsMax' },
    { what: 'seconds', value: durationS, cap: durationSMax, name: 'durationSMax' },
  ].find(({ value, cap }) => value > cap)
  if (over) {
    throw new HarnessError(
      'CAP_EXCEEDED',
      `the plan has ${over.value} ${over.what}; the cap is ${over.cap}`,
      `raise safety.${over.name} in the target, or use --scale quick`,
    )
  }
}

/** Planned calls of the fullest second, and of every loop what its pause lets through at most. */
function busiestSecond({ agents }: Plan): number {
  const seconds = new Map<number, number>()
  let loops = 0
  for (const { tasks, parameters } of agents) {
    for (const { atMs, untilMs, calls } of tasks) {
      const second = Math.floor(atMs / 1_000)
      if (untilMs === undefined) seconds.set(second, (seconds.get(second) ?? 0) + calls.length)
      else loops += (Number(parameters.atOnce ?? 1) * 1_000) / Math.max(1, Number(parameters.pauseMs ?? 1))
    }
  }
  return Math.ceil(Math.max(0, ...seconds.values()) + loops)
}

/**
 * A loop's planned calls come round again: its own parameter says how often at most. Tries are counted for askers again, unless their
 * tasks say themselves how many calls may come of them.
 */
export function callsAtMost({ tasks, parameters }: PlannedAgent): number {
  const { callsMax, tries = 1 } = parameters
  if (tasks.some((task) => task.callsMax !== undefined)) return tasks.reduce((sum, task) => sum + (task.callsMax ?? task.calls.length), 0)
  const planned = tasks.reduce((sum, { calls }) => sum + calls.length, 0)
  return tasks.some(({ untilMs }) => untilMs !== undefined) ? Number(callsMax ?? planned) : planned * Number(tries)
}
