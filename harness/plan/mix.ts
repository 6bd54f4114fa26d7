// `--fleet langchain:10,claude-code:5`: other agents in place of those that a scenario measures. Who is there for the stress (hostile,
// or only during one phase) stays. The newcomers take over the roles of those they replace, in the same proportions.
// Stacks fan out as they do, whatever the scenario's limits expect: refusals in the steady phase are then part of it, and no sign that it
// wavered. Pure: a scenario in, a scenario out. Not modelled: the tenants of those they replace.
import type { CheckDefinition } from '../checks/check.ts'
import type { Unit, Units } from '../discover.ts'
import { HarnessError } from '../errors.ts'
import type { FleetEntry, PersonaDefinition } from '../persona.ts'
import type { Scenario } from '../scenario.ts'
import type { Role } from './plan.ts'

/** The gate that takes a refusal in the steady phase for a sign that it was not steady. */
const STEADY = 'baseline-steady'

/** @throws HarnessError `UNKNOWN_PERSONA`, `FLEET_UNPLACED` */
export function withFleet(
  scenario: Unit<Scenario>,
  mix: readonly { persona: string; agents: number }[],
  { personas, checks: known }: { personas: Units<PersonaDefinition>; checks: Units<CheckDefinition> },
): Unit<Scenario> {
  if (mix.length === 0) return scenario
  const { fleet, checks } = scenario.value
  const measured = fleet.filter(isMeasured)
  if (measured.length === 0) {
    const hint = 'every agent of it is there for the stress; run it without --fleet, or choose another scenario'
    throw new HarnessError('FLEET_UNPLACED', `${scenario.id} measures no agent that --fleet could take the place of`, hint)
  }
  const newcomers = mix.flatMap(({ persona, agents }): FleetEntry[] => {
    const found = personas.get(persona).value
    return [...shared(agents, measured)].map(([role, own]) => ({ persona: found, membership: { agents: own, role }, parameters: {} }))
  })
  const value = { ...scenario.value, fleet: [...newcomers, ...fleet.filter((entry) => !isMeasured(entry))] }
  const steady = known.get(STEADY).value
  if (checks.every(({ check }) => check !== steady)) value.checks = [...checks, { check: steady, limits: { refusals: 'allowed' } }]
  return { ...scenario, value }
}

function isMeasured({ persona, membership }: FleetEntry): boolean {
  return !persona.hostile && membership.during === undefined
}

/** So many agents over the roles of others, by largest remainder; a role that gets none is left out. */
function shared(agents: number, measured: readonly FleetEntry[]): Map<Role, number> {
  const before = new Map<Role, number>()
  for (const { membership } of measured) before.set(membership.role, (before.get(membership.role) ?? 0) + membership.agents)
  const total = [...before.values()].reduce((sum, n) => sum + n, 0)
  const exact = [...before].map(([role, n]) => ({ role, part: (agents * n) / total }))
  const after = new Map(exact.map(({ role, part }) => [role, Math.floor(part)]))
  const left = agents - [...after.values()].reduce((sum, n) => sum + n, 0)
  const byRemainder = exact.toSorted((a, b) => (b.part % 1) - (a.part % 1))
  for (const { role } of byRemainder.slice(0, left)) after.set(role, (after.get(role) ?? 0) + 1)
  return new Map([...after].filter(([, n]) => n > 0))
}
