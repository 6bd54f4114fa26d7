// What may leave this machine. Loopback needs nothing; any other host must be named, and then has hard caps.
import { BlockList, isIP } from 'node:net'
import { HarnessError } from '../errors.ts'
import { type Allowances, allowances, budgetOf, callsAtMost, capFor, plannedRate } from '../plan/at-most.ts'
import type { Plan, PlannedAgent } from '../plan/plan.ts'
import type { Safety, Target } from '../target.ts'
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
  const caps = capsOf(target)
  const host = new URL(url).hostname
  assertNamed(host, target)
  for (const [role, planned] of Object.entries(plan.roles)) {
    if ((role === 'write' || role === 'money') && !caps.writes.includes(planned.tool)) {
      throw new HarnessError(
        'WRITE_NOT_ALLOWED',
        `${planned.tool} changes data at ${host}`,
        `if that is meant, add it: safety: { writes: ['${planned.tool}'] }`,
      )
    }
  }
  const over = costOf(plan, target).find(({ value, cap }) => value > cap)
  if (over) {
    throw new HarnessError(
      'CAP_EXCEEDED',
      `the plan has ${over.value} ${over.what}; the cap is ${over.cap}${over.why ?? ''}`,
      `raise safety.${over.name} in the target to ${over.wanted}, or use --scale quick`,
    )
  }
}

function assertNamed(host: string, { safety = {} }: Target): void {
  if (safety.hosts?.includes(host)) return
  throw new HarnessError(
    'HOST_NOT_ALLOWED',
    `${host} is not this machine, and the target does not name it`,
    `add the line: safety: { hosts: ['${host}'] }`,
  )
}

/** What the target says, or the defaults. */
export function capsOf({ safety = {} }: Target): Required<Safety> {
  return { hosts: [], writes: [], ratePerSecondMax: 20, callsMax: 5_000, durationSMax: 300, agentsMax: 50, ...safety }
}

export interface Cost {
  what: string
  value: number
  cap: number
  name: keyof Safety
  /** The least cap that would do. */
  wanted: number
  /** Where the cap comes from, when it is not as it stands in the target. */
  why?: string
}

/** The most that the plan sends where there are caps: what is held back by them is counted as held back. */
export function costOf(plan: Plan, target: Target): Cost[] {
  const { ratePerSecondMax, callsMax, durationSMax, agentsMax } = capsOf(target)
  const held = allowances(plan, ratePerSecondMax)
  const calls = plan.agents.reduce((sum, agent, index) => sum + callsHeld(agent, held?.perAgent[index], plan), 0)
  const rate = held ? ratePerSecondMax : plannedRate(plan)
  const cost = (what: string, value: number, cap: number, name: keyof Safety, wanted = value): Cost => ({ what, value, cap, name, wanted })
  const less = { cap: budgetOf(ratePerSecondMax), why: ` (${ratePerSecondMax}, less a tenth for what the network bunches)` }
  const loops = plan.agents.some(({ tasks }) => tasks.some(({ untilMs }) => untilMs !== undefined))
  const all = [
    cost('calls', calls, callsMax, 'callsMax'),
    { ...cost('calls in its busiest second', rate, ratePerSecondMax, 'ratePerSecondMax', capFor(rate)), ...(!held && less) },
    cost('agents', plan.agents.length, agentsMax, 'agentsMax'),
    cost('seconds', Math.ceil(plan.endsAtMs / 1_000), durationSMax, 'durationSMax'),
  ]
  // Without a rate to hold them to, the calls of loops are any number: the rate is what must be mended first.
  return held || !loops ? all : all.toSorted((a, b) => Number(b.name === 'ratePerSecondMax') - Number(a.name === 'ratePerSecondMax'))
}

function callsHeld(agent: PlannedAgent, perSecond: number | undefined, { protocol, endsAtMs }: Plan): number {
  const most = callsAtMost(agent, protocol)
  if (perSecond === undefined) return most
  const seconds = agent.tasks.map(({ untilMs }) => untilMs).every((untilMs) => untilMs !== undefined)
    ? agent.tasks.reduce((sum, { atMs, untilMs = atMs }) => sum + (untilMs - atMs) / 1_000 + 1, 0)
    : (endsAtMs - (agent.tasks[0]?.atMs ?? 0)) / 1_000 + 1
  return Math.min(most, Math.ceil(perSecond * seconds))
}

/** What the drivers must keep to; undefined on this machine, which has no caps. */
export function heldBack(url: string, target: Target, plan: Plan): Allowances | undefined {
  return isLoopback(url) ? undefined : allowances(plan, capsOf(target).ratePerSecondMax)
}

/**
 * Everything else that the target names and the run asks or connects to: metrics, probes, dependencies.
 * @param addresses URLs and `host:port`
 * @throws HarnessError `HOST_NOT_ALLOWED`
 */
export function assertNamedAll(addresses: readonly string[], target: Target): void {
  for (const address of addresses) {
    const url = /^[a-z+]+:\/\//i.test(address) ? address : `tcp://${address}`
    if (!URL.canParse(url) || new URL(url).hostname === '' || isLoopback(url)) continue
    assertNamed(new URL(url).hostname, target)
  }
}

/** Who is held back, in a sentence a persona. */
export function heldNotes({ perAgent }: Allowances, { agents }: Plan): string[] {
  const paced = agents.flatMap(({ persona }, index) => (perAgent[index] === undefined ? [] : [{ persona, perSecond: perAgent[index] }]))
  const personas = Map.groupBy(paced, ({ persona }) => persona)
  return [...personas].map(([persona, all]) => {
    const most = Math.max(...all.map(({ perSecond }) => perSecond))
    return `safety.ratePerSecondMax holds ${all.length} × ${persona} to ${most} calls a second each`
  })
}
