// Scenario + target + seed → the plan. Pure: the same three give the same bytes on any machine. Everything random of a
// run is drawn here, before it; what depends on what happens (does it ask again?) is the persona's, keyed by the seed.
import type { CheckDefinition } from '../checks/check.ts'
import type { Unit, Units } from '../discover.ts'
import { HarnessError, meant } from '../errors.ts'
import type { FaultDefinition } from '../faults/fault.ts'
import { resolve } from '../parameters.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { Scenario } from '../scenario.ts'
import type { Target } from '../target.ts'
import { createDraw } from './draw.ts'
import { planFleet, sharedKeysOf } from './fleet.ts'
import { ifOffered } from './if-offered.ts'
import { layPhases, plain, planFaults } from './phases.ts'
import type { Plan, PlannedAgent, PlannedCheck, Scale } from './plan.ts'
import { planRoles } from './roles.ts'
import { assertWhole } from './whole-scenario.ts'

export interface PlanOptions {
  scenario: Unit<Scenario>
  target: Unit<Target>
  personas: Units<PersonaDefinition>
  faults: Units<FaultDefinition>
  checks: Units<CheckDefinition>
  seed: number
  scale: Scale
  protocol: Plan['protocol']
}

/** How long a patient client waits: at quick scale a hang must show inside the window; 30 s is the Python SDK's. */
const PATIENCE_MS: Record<Scale, number> = { quick: 6_000, full: 30_000 }
/** What patience must leave beyond a tool's deadline, so that a late answer is seen to be late. */
const BEYOND_DEADLINE_MS = 2_000

/** @throws HarnessError as `planRoles` and `planFleet`; `PARAMETER_INVALID`, `SCENARIO_INVALID` for what is missing, phases, faults and checks */
export function makePlan({ scenario, target, personas, faults, checks, seed, scale, protocol }: PlanOptions): Plan {
  assertWhole(scenario.id, scenario.value, scale)
  const { phases: lengths, fleet: wanted, windows, links, settings, essential } = scenario.value
  const { fleet, leftOut } = ifOffered(wanted, target.value)
  const draw = createDraw(seed)
  const phases = layPhases(lengths[scale], windows, scale)
  const roles = planRoles(fleet, target.value, target.id, personas)
  const agents = planFleet(fleet, target.value, personas, phases, draw.fork('agents'), scale)
  return {
    schemaVersion: 1,
    scenario: scenario.id,
    target: target.id,
    seed,
    scale,
    protocol,
    phases,
    faults: planFaults(windows, phases, faults, draw.fork('faults')),
    links,
    settings,
    roles,
    agents,
    ...(fleet.some(({ membership }) => membership.sharedKeyEvery !== undefined) && { sharedKeys: sharedKeysOf(agents) }),
    ...(leftOut.length > 0 && { leftOut }),
    checks: planChecks(scenario.value, checks),
    essential,
    endsAtMs: phases.at(-1)?.toMs ?? 0,
    ...(lengths[scale].afterS !== undefined && { afterMs: lengths[scale].afterS * 1_000 }),
    patienceMs: patience(scale, roles, agents),
  }
}

function planChecks({ checks: entries, essential }: Scenario, checks: Units<CheckDefinition>): PlannedCheck[] {
  const planned = entries.map(({ check, limits }) => {
    const { id } = checks.of(check)
    return { check: id, limits: plain(resolve(`check ${id}`, check.limits, limits)) }
  })
  const ids = planned.map(({ check }) => check)
  const stray = essential.find((id) => !ids.includes(id))
  if (stray !== undefined) {
    throw new HarnessError(
      'SCENARIO_INVALID',
      `essential names ${JSON.stringify(stray)}, which is no check of the scenario`,
      meant(stray, ids),
    )
  }
  return planned
}

function patience(scale: Scale, roles: Plan['roles'], agents: readonly PlannedAgent[]): number {
  const deadlines = Object.values(roles).map(({ deadlineMs = 0 }) => deadlineMs + BEYOND_DEADLINE_MS)
  const timeouts = agents.map(({ parameters }) => Number(parameters.timeoutMs ?? 0))
  return Math.max(PATIENCE_MS[scale], ...deadlines, ...timeouts)
}
