// Which budgets a call is charged to: the one place that says so, and the part that a weakness takes away.
//   work (tools/call, resources/read, prompts/get)
//     the agent     a minute (bucket with a small burst), an hour, a day, calls at once
//     its tenant    a minute: many agents of one customer are one customer
//     the tool      calls at once over all agents, a minute over all agents; expensive reads also a minute for this agent
//   discovery (initialize, lists, notifications, ping)
//     a cheap bucket of its own, so that a handshake is never refused because calls were many, nor the reverse
// Rates are the settings times the tier's factor, or the agent's own. A write with a key may come back on a small replay bucket.
// Keys of an agent carry the hash tag {tenant:agent}; those of tenant and tool cannot, so a Redis Cluster would want a second hop.
import type { Call, Identity } from '../call.ts'
import type { Settings } from '../config.ts'
import type { Budgets, Lease, Rate, Window } from '../store/limiter.ts'
import { type AgentLimits, TERMS } from '../tiers.ts'
import { markerOf } from './replay.ts'

export type BudgetsOf = (call: Call, settings: Settings, typicalMs: number) => Budgets

const WORK = new Set(['tools/call', 'resources/read', 'prompts/get'])
const HOUR_MS = 3_600_000
/** A lease outlives its call's deadline by this much, ms: time for the cancel behind it to settle. */
const LEASE_SLACK_MS = 5_000

export const agentBudgets: BudgetsOf = (call, settings, typicalMs) => {
  const { identity } = call
  const asker = `{${identity?.tenant}:${identity?.agent}}`
  const owner = `desk:${asker}`
  if (!WORK.has(call.method)) {
    const { DISCOVERY_RATE_PER_MINUTE: perMinute, DISCOVERY_BURST: burst } = settings
    return { asker, rates: [{ scope: 'discovery', key: `${owner}:discovery`, perMinute, burst }] }
  }
  const limits = limitsOf(identity, settings)
  const marker = markerOf(call)
  const { REPLAY_RATE_PER_MINUTE: perMinute, REPLAY_BURST: burst } = settings
  return {
    asker,
    rates: ratesOf(call, settings, limits, owner),
    windows: [
      { scope: 'agent', name: 'agent-hour', key: `${owner}:hour`, limit: limits.ratePerHour, windowMs: HOUR_MS },
      { scope: 'agent', name: 'agent-day', key: `${owner}:day`, limit: limits.ratePerDay, windowMs: 24 * HOUR_MS },
    ] satisfies Window[],
    leases: leasesOf(call, settings, limits, owner, typicalMs),
    ...(marker !== undefined && { replay: { marker, rate: { scope: 'replay', key: `${owner}:replay`, perMinute, burst } } }),
  }
}

/** What the settings, the tier and the agent's own limits come to. */
export function limitsOf(identity: Identity | undefined, settings: Settings): Required<AgentLimits> & { toolBurst: number } {
  const { rateFactor } = TERMS[identity?.tier ?? 'paid']
  const scaled = (value: number): number => Math.max(1, Math.round(value * rateFactor))
  return {
    ratePerMinute: scaled(settings.AGENT_RATE_PER_MINUTE),
    burst: scaled(settings.AGENT_BURST),
    ratePerHour: scaled(settings.AGENT_RATE_PER_HOUR),
    ratePerDay: scaled(settings.AGENT_RATE_PER_DAY),
    concurrency: scaled(settings.AGENT_CONCURRENCY),
    toolRatePerMinute: scaled(settings.AGENT_TOOL_RATE_PER_MINUTE),
    toolBurst: scaled(settings.AGENT_TOOL_BURST),
    ...identity?.limits,
  }
}

function ratesOf({ identity, tool }: Call, settings: Settings, limits: ReturnType<typeof limitsOf>, owner: string): Rate[] {
  const rates: Rate[] = [{ scope: 'agent', key: `${owner}:rate`, perMinute: limits.ratePerMinute, burst: limits.burst }]
  if (tool && tool.class === 'read' && tool.cost === 'expensive') {
    const { toolRatePerMinute: perMinute, toolBurst: burst } = limits
    rates.push({ scope: 'tool', key: `${owner}:tool:${tool.name}`, perMinute, burst })
  }
  const { TENANT_RATE_PER_MINUTE: tenantRate, TENANT_BURST: tenantBurst } = settings
  rates.push({ scope: 'tenant', key: `desk:{${identity?.tenant}}:rate`, perMinute: tenantRate, burst: tenantBurst, shared: true })
  if (tool) {
    const { TOOL_RATE_PER_MINUTE: perMinute, TOOL_BURST: burst } = settings
    rates.push({ scope: 'tool', name: 'tool-all', key: `desk:tool:${tool.name}:rate`, perMinute, burst, shared: true })
  }
  return rates
}

function leasesOf(call: Call, settings: Settings, limits: ReturnType<typeof limitsOf>, owner: string, typicalMs: number): Lease[] {
  const { tool, leaseId: id, deadlineAtMs, startedAtMs } = call
  const leftMs = Number.isFinite(deadlineAtMs) ? deadlineAtMs - startedAtMs : settings.DEADLINE_LONGEST_MS
  const common = { id, lifetimeMs: Math.ceil(leftMs) + LEASE_SLACK_MS, hintMs: typicalMs }
  const leases: Lease[] = [{ of: 'agent', key: `${owner}:lease`, limit: limits.concurrency, ...common }]
  if (tool) leases.push({ of: 'tool', key: `desk:tool:${tool.name}:lease`, limit: settings.TOOL_CONCURRENCY, ...common })
  return leases
}
