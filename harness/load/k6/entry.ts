// biome-ignore-all lint/correctness/noUndeclaredDependencies: k6 brings its modules itself
// What k6 runs: one VU an agent, one iteration a VU, in which the agent follows its timeline (agent.ts). The plan is shared by
// all VUs and each takes only its own part of it: parsed whole by each it would cost 2 MB an agent.
// No thresholds: k6 sends, the harness judges.

import { personas } from 'stampede:personas'
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
import type { Options } from 'k6/options'
import type { Plan, PlannedAgent } from '../../plan/plan.ts'
import type { Credentials, LaterHeaders } from '../engine.ts'
import { agentFacts, type FleetFacts } from '../facts.ts'
import { runAgent } from './agent.ts'
import { AT_ONCE_MAX, GRACE_MS, LEAD_MS } from './limits.ts'

const plans = new SharedArray<Plan>('plan', () => {
  const plan = readPlan()
  return [{ ...plan, agents: [], checks: [], settings: {} }]
})
const agents = new SharedArray<PlannedAgent>('agents', () => readPlan().agents)
const facts = new SharedArray<FleetFacts>('facts', () => {
  return [{ ...readFacts(), headers: [], later: [], credentials: [], perSecond: [] }]
})
const headers = new SharedArray<Record<string, string>>('headers', () => readFacts().headers)
const later = new SharedArray<LaterHeaders[]>('later', () => readFacts().later)
const perSecond = new SharedArray<number | null>('perSecond', () => readFacts().perSecond)
const credentials = new SharedArray<Credentials>('credentials', () => readFacts().credentials)

const { endsAtMs, patienceMs } = first(plans)
const { alignMs = 1 } = first(facts)

export const options: Options = {
  batch: AT_ONCE_MAX,
  batchPerHost: AT_ONCE_MAX,
  maxRedirects: 0,
  systemTags: [],
  noVUConnectionReuse: false,
  scenarios: {
    agents: {
      executor: 'per-vu-iterations',
      vus: agents.length,
      iterations: 1,
      maxDuration: `${LEAD_MS + alignMs + endsAtMs + GRACE_MS}ms`,
      gracefulStop: `${patienceMs + GRACE_MS}ms`,
    },
  },
}

export default async function followPlan(): Promise<void> {
  const position = exec.vu.idInTest - 1
  const planned = agents[position]
  const persona = planned && personas[planned.persona]
  if (!planned || !persona) throw new Error(`no agent or no persona for VU ${position + 1}`)
  // The scenario's start is the same for every VU, to the millisecond.
  const t0Ms = Math.ceil((exec.scenario.startTime + LEAD_MS) / alignMs) * alignMs
  const own = {
    perSecond: perSecond[planned.index],
    headers: headers[planned.index],
    later: later[planned.index],
    credentials: credentials[planned.index],
  }
  await runAgent(planned, persona, first(facts).url, agentFacts(first(facts), first(plans), own, t0Ms))
}

function readPlan(): Plan {
  return JSON.parse(open(__ENV.STAMPEDE_PLAN ?? ''))
}

function readFacts(): FleetFacts {
  return JSON.parse(open(__ENV.STAMPEDE_FACTS ?? ''))
}

function first<T>(list: readonly T[]): T {
  return list[0] as T
}
