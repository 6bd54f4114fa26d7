// Which budgets a call is charged to: the one place that says so, and the part that a weakness takes away.
// tools/call: the agent's rate and lease; expensive reads also agent × tool. Writes have no rate of their own: their pool and
// the lease bound them. Discovery (initialize, lists, ping) has a cheap bucket of its own, so that a handshake is never
// refused because calls were many, nor the reverse.
// Keys carry the hash tag {tenant:agent}, so that one script finds them on one node of a Redis Cluster.
import type { Call } from '../call.ts'
import type { Settings } from '../config.ts'
import type { Budgets, Rate } from '../store/limiter.ts'

export type BudgetsOf = (call: Call, settings: Settings, typicalMs: number) => Budgets

/** A lease outlives its call's deadline by this much, ms: time for the cancel behind it to settle. */
const LEASE_SLACK_MS = 5_000

export const agentBudgets: BudgetsOf = (call, settings, typicalMs) => {
  const owner = `desk:{${call.identity?.tenant}:${call.identity?.agent}}`
  if (call.method !== 'tools/call') {
    const { DISCOVERY_RATE_PER_MINUTE: perMinute, DISCOVERY_BURST: burst } = settings
    return { rates: [{ scope: 'discovery', key: `${owner}:discovery`, perMinute, burst }] }
  }
  const rates: Rate[] = [{ scope: 'agent', key: `${owner}:rate`, perMinute: settings.AGENT_RATE_PER_MINUTE, burst: settings.AGENT_BURST }]
  const { tool } = call
  if (tool && tool.class === 'read' && tool.cost === 'expensive') {
    const { AGENT_TOOL_RATE_PER_MINUTE: perMinute, AGENT_TOOL_BURST: burst } = settings
    rates.push({ scope: 'tool', key: `${owner}:tool:${tool.name}`, perMinute, burst })
  }
  const leftMs = Number.isFinite(call.deadlineAtMs) ? call.deadlineAtMs - call.startedAtMs : settings.DEADLINE_LONGEST_MS
  return {
    rates,
    lease: {
      key: `${owner}:lease`,
      limit: settings.AGENT_CONCURRENCY,
      id: call.leaseId,
      lifetimeMs: Math.ceil(leftMs) + LEASE_SLACK_MS,
      hintMs: typicalMs,
    },
  }
}
