// What a target buys: how many checks of each scenario can be judged with what it shows, and which line would add one. Decided as a run
// decides it, from the plan and the target, without anything being sent.
import type { CheckDefinition } from '../../checks/check.ts'
import { checksOf } from '../../checks/judge.ts'
import type { Unit, Units } from '../../discover.ts'
import { HarnessError } from '../../errors.ts'
import { makePlan } from '../../plan/make.ts'
import { offersOf } from '../../plan/offers.ts'
import type { Plan } from '../../plan/plan.ts'
import { assertBreakable } from '../../run/given.ts'
import { assertSafe } from '../../run/safety.ts'
import type { Scenario } from '../../scenario.ts'
import type { Target } from '../../target.ts'
import { withTargetFaults } from '../scenario/extra-faults.ts'
import type { AllUnits } from '../units.ts'

export type Bought = { scenario: string; judged: number; of: number; missing: Missing[] } | { scenario: string; refused: HarnessError }

interface Missing {
  check: string
  line: string
  /** It is judged all the same where something of it shows. */
  fromOutside: boolean
}

/** @returns one a scenario, those of which most can be judged first */
export function bought(target: Unit<Target>, found: AllUnits): Bought[] {
  const units = { ...found, faults: withTargetFaults(found.faults, target, process.cwd()) }
  const all = units.scenarios.all.map((scenario) => ofScenario(scenario, target, units))
  const share = (one: Bought) => ('refused' in one ? -1 : one.judged / one.of)
  return all.sort((a, b) => share(b) - share(a))
}

function ofScenario(scenario: Unit<Scenario>, target: Unit<Target>, units: AllUnits): Bought {
  try {
    const plan = planOf(scenario, target, units)
    const missing = missingOf(plan, target.value, units.checks)
    const of = checksOf(plan).length
    return { scenario: scenario.id, judged: of - missing.length, of, missing }
  } catch (error) {
    if (error instanceof HarnessError) return { scenario: scenario.id, refused: error }
    throw error
  }
}

function planOf(scenario: Unit<Scenario>, target: Unit<Target>, units: AllUnits): Plan {
  const protocol = scenario.value.protocol ?? target.value.protocol ?? '2026-07-28'
  const plan = makePlan({ scenario, target, ...units, seed: 1, scale: 'quick', protocol })
  assertBreakable(plan, target.value, {}, (id) => units.faults.get(id).value)
  if (typeof target.value.url === 'string') assertSafe(target.value.url, target.value, plan)
  return plan
}

function missingOf(plan: Plan, target: Target, checks: Units<CheckDefinition>): Missing[] {
  const { declared = {}, observe = {} } = target
  const offers = offersOf(target, plan, typeof declared === 'function' ? {} : declared, typeof observe === 'function' ? {} : observe)
  return checksOf(plan).flatMap((check) => {
    const definition = checks.all.find(({ id }) => id === check)?.value
    const need = definition?.needs.find((name) => offers[name] !== true)
    return need === undefined ? [] : [{ check, line: String(offers[need] ?? need), fromOutside: definition?.fromOutside !== undefined }]
  })
}

const LINES_MAX = 6
const OTHERS_MAX = 4

/** For the terminal: the scenario to begin with, the others, and the lines that buy most. */
export function boughtText(all: readonly Bought[], first: string): string {
  const able = all.filter((one) => 'judged' in one)
  const begin = able.find(({ scenario }) => scenario === first) ?? able[0]
  if (!begin) {
    const one = all.find(({ scenario }) => scenario === first) ?? all[0]
    return one && 'refused' in one ? `No scenario can be run yet: ${one.refused.message}\n  → ${one.refused.hint}\n` : ''
  }
  const outside = begin.missing.filter(({ fromOutside }) => fromOutside).length
  const more = outside > 0 ? `, ${outside} more as far as they show from outside` : ''
  const others = able.filter((one) => one !== begin).map(({ scenario, judged, of }) => `${scenario} ${judged}/${of}`)
  return [
    `${begin.judged} of ${begin.of} checks of ${begin.scenario} can be judged${more}`,
    ...begin.missing.slice(0, LINES_MAX).map(({ check, line }) => `  for ${check} add ${line}`),
    ...(others.length > 0
      ? [`also: ${others.slice(0, OTHERS_MAX).join(', ')}${others.length > OTHERS_MAX ? ` and ${others.length - OTHERS_MAX} more` : ''}`]
      : []),
    '',
  ].join('\n')
}
