// From a command line to its plan: the scenario, the target, all units, and what comes of them. Used wherever a plan is drawn: to run it,
// to send it elsewhere, and there to draw it again.
import type { Unit } from '../../discover.ts'
import { makePlan } from '../../plan/make.ts'
import { withFleet } from '../../plan/mix.ts'
import type { Plan } from '../../plan/plan.ts'
import { findTarget } from '../../run/target-file.ts'
import type { Scenario } from '../../scenario.ts'
import type { Target } from '../../target.ts'
import { type AllUnits, idOf, ROOT } from '../units.ts'
import { withFaults, withTargetFaults } from './extra-faults.ts'
import type { ScenarioOptions } from './options.ts'
import { assertWeakness } from './weaknesses.ts'

export interface Planned {
  units: AllUnits
  target: Unit<Target>
  /** With the fleet and the faults of the command line. */
  scenario: Unit<Scenario>
  plan: Plan
}

/**
 * @param typed the target was type-checked where the plan was drawn first. @throws HarnessError for
 * what cannot be found, fits not together, or is out of its range
 */
export async function planned(options: ScenarioOptions & { name: string }, found: AllUnits, typed = false): Promise<Planned> {
  const own = found.scenarios.get(idOf(options.name))
  const target = await findTarget(options.target, found.targets, ROOT, typed)
  assertWeakness(options.weaken, target, ROOT)
  const units = { ...found, faults: withTargetFaults(found.faults, target, process.cwd()) }
  const scenario = withFaults(withFleet(own, options.fleet, units), options.faults, units.faults)
  const protocol = options.protocol ?? own.value.protocol ?? target.value.protocol ?? '2026-07-28'
  const plan = makePlan({ scenario, target, ...units, seed: options.seed, scale: options.scale, protocol })
  return { units, target, scenario, plan }
}
