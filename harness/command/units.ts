// Every unit of the project, found by path.
import path from 'node:path'
import type { CheckDefinition } from '../checks/check.ts'
import { discover, type Units } from '../discover.ts'
import type { FaultDefinition } from '../faults/fault.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Scenario } from '../scenario.ts'
import type { Target } from '../target.ts'

/** The checkout (or the installed package) that this program is part of. */
export const ROOT = path.resolve(import.meta.dirname, '..', '..')

export interface AllUnits {
  scenarios: Units<Scenario>
  personas: Units<PersonaDefinition>
  targets: Units<Target>
  faults: Units<FaultDefinition>
  samplers: Units<Sampler>
  checks: Units<CheckDefinition>
}

export async function discoverAll(root = ROOT): Promise<AllUnits> {
  const at = (folder: string) => path.join(root, folder)
  const [scenarios, personas, targets, faults, samplers, checks] = await Promise.all([
    discover<Scenario>('scenario', at('scenarios')),
    discover<PersonaDefinition>('persona', at('scenarios/personas')),
    discover<Target>('target', at('scenarios/targets')),
    discover<FaultDefinition>('fault', at('harness/faults')),
    discover<Sampler>('sampler', at('harness/samplers')),
    discoverChecks(root),
  ])
  return { scenarios, personas, targets, faults, samplers, checks }
}

/** Judging needs nothing else. */
export function discoverChecks(root = ROOT): Promise<Units<CheckDefinition>> {
  return discover<CheckDefinition>('check', path.join(root, 'harness/checks'))
}
