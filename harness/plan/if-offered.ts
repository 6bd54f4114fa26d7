// Who of a scenario's fleet finds in a target what it needs. An entry with `ifOffered` is left out where it does not, and the run says so with
// the line to add; any other stays, and what it lacks ends the matter (roles.ts, sketch.ts). Pure.
import type { FleetEntry } from '../persona.ts'
import type { Target } from '../target.ts'

/** @returns who takes part, and of each that does not, once, why */
export function ifOffered(wanted: readonly FleetEntry[], target: Target): { fleet: FleetEntry[]; leftOut: string[] } {
  const lacks = new Map(wanted.map((entry) => [entry, entry.membership.ifOffered && lackOf(entry, target)]))
  return {
    fleet: wanted.filter((entry) => !lacks.get(entry)),
    leftOut: [...new Set([...lacks.values()].filter((lack) => typeof lack === 'string'))],
  }
}

function lackOf({ persona, membership: { role }, parameters }: FleetEntry, { tools, agents }: Target): string | undefined {
  const tool = tools?.[role]
  if (!tool) return `nobody called ${role}: the target has no tool for it (tools: { ${role}: { name: '<your tool>' } })`
  if (persona.errs && !tool.mistakes)
    return `nobody erred with ${role}: the target names no wrong arguments for it (tools: { ${role}: { mistakes: (draw) => ({ … }) } })`
  const unminted = persona.shows?.(parameters).find((credential) => !agents?.credentials?.[credential])
  if (!unminted) return undefined
  return `nobody tried ${unminted}: the target mints no such credential (agents: { credentials: { '${unminted}': (identity) => ({ … }) } })`
}
