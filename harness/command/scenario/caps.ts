// A plan that may not be sent where it is addressed is refused before anything is fetched or started, with the line of the scenario that
// asks for most of it. Where the address is known only once the target is up, the run itself looks (harness/run/safety.ts).
import type { Unit, Units } from '../../discover.ts'
import { HarnessError } from '../../errors.ts'
import type { PersonaDefinition } from '../../persona.ts'
import { callsAtMost } from '../../plan/at-most.ts'
import type { Plan } from '../../plan/plan.ts'
import { assertSafe } from '../../run/safety.ts'
import type { Scenario } from '../../scenario.ts'
import type { Target } from '../../target.ts'

/** @throws HarnessError as `assertSafe` */
export function assertWithinCaps(plan: Plan, target: Target, scenario: Unit<Scenario>, personas: Units<PersonaDefinition>): void {
  if (typeof target.url !== 'string') return
  try {
    assertSafe(target.url, target, plan)
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'CAP_EXCEEDED') throw error
    const persona = heaviest(plan)
    const at = scenario.value.fleet.find((entry) => personas.of(entry.persona).id === persona)?.at
    const blame = at === undefined ? persona : `${persona} (${at})`
    throw new HarnessError(error.code, `${error.message}; most of it by ${blame}`, error.hint, error)
  }
}

function heaviest({ agents, protocol }: Plan): string {
  const calls = new Map<string, number>()
  for (const agent of agents) calls.set(agent.persona, (calls.get(agent.persona) ?? 0) + callsAtMost(agent, protocol))
  const [[persona] = ['nobody']] = [...calls].sort((a, b) => b[1] - a[1])
  return persona
}
