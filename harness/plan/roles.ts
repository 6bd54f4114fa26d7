// Which tool plays each role that the fleet asks for. Personas name roles, never tools; a role that the target does not
// have ends the matter before anything is started, with the line that would add it.
import type { Units } from '../discover.ts'
import { HarnessError } from '../errors.ts'
import type { FleetEntry, PersonaDefinition } from '../persona.ts'
import type { Target, ToolRole } from '../target.ts'
import type { Correctness, Plan, PlannedRole, Role } from './plan.ts'

const SLO_MS = 1_000
/** Where a target has no rules for a tool, an answer without content is still no good one. `correct: []`: there is none to expect. */
const NOT_EMPTY: Correctness[] = [{ at: '/content/0/type', or: '/structuredContent' }]

/** @throws HarnessError `ROLE_MISSING`, `TARGET_INVALID` */
export function planRoles(
  fleet: readonly FleetEntry[],
  target: Target,
  targetId: string,
  personas: Units<PersonaDefinition>,
): Plan['roles'] {
  const asked = new Map<Role, Set<string>>()
  for (const { persona, membership, at } of fleet) {
    const { id } = personas.of(persona)
    asked.set(membership.role, (asked.get(membership.role) ?? new Set()).add(at === undefined ? id : `${id}, ${at}`))
    const tool = target.tools?.[membership.role]
    if (persona.walks && tool && !tool.leadsTo) {
      const hint = `add to the target: tools: { ${membership.role}: { name: '${tool.name}', leadsTo: [{ at: '/structuredContent/…', argument: '…' }] } }`
      throw new HarnessError(
        'TARGET_INVALID',
        `${id} walks where answers lead, and ${membership.role} of ${targetId} does not say where`,
        hint,
      )
    }
  }
  const missing = [...asked.keys()].filter((role) => !target.tools?.[role])
  if (missing.length > 0) {
    const wanted = missing.map((role) => `${role} (asked for by ${[...(asked.get(role) ?? [])].join(' and ')})`).join(' and ')
    const lines = missing.map((role) => `${role}: { name: '<your tool>' }`).join(', ')
    throw new HarnessError(
      'ROLE_MISSING',
      `target ${targetId} has no tool for the role ${wanted}`,
      `add to the target: tools: { ${lines} }`,
    )
  }
  const roles: Plan['roles'] = {}
  for (const role of asked.keys()) roles[role] = planRole(role, target.tools?.[role] as ToolRole)
  return roles
}

/** @throws HarnessError `TARGET_INVALID` */
function planRole(role: Role, { name, sloMs, deadlineMs, needs, correct, idempotencyKey, leadsTo, tenants }: ToolRole): PlannedRole {
  for (const [field, value] of Object.entries({ sloMs, deadlineMs })) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue
    throw new HarnessError('TARGET_INVALID', `tools.${role}.${field} is ${value}`, `${field} must be a number of milliseconds above 0`)
  }
  const astray = correct?.flatMap(({ at, or = at }) => [at, or]).find((pointer) => pointer !== '' && !pointer.startsWith('/'))
  if (astray !== undefined) {
    const hint = `a JSON pointer begins with a slash: ${JSON.stringify(`/${astray}`)}`
    throw new HarnessError('TARGET_INVALID', `tools.${role}.correct points at ${JSON.stringify(astray)}`, hint)
  }
  return {
    tool: name,
    sloMs: sloMs ?? SLO_MS,
    ...(deadlineMs !== undefined && { deadlineMs }),
    needs: needs ?? [],
    correct: correct ?? NOT_EMPTY,
    ...(idempotencyKey && { idempotencyKey }),
    ...(leadsTo && { leadsTo }),
    ...(tenants && { tenants }),
  }
}
