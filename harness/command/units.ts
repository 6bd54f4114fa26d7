// Every unit of the project, found by path.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { CheckDefinition } from '../checks/check.ts'
import { discover, load, Units } from '../discover.ts'
import { HarnessError } from '../errors.ts'
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

/** The id of a scenario that was named by its id or by the path of its file. */
export function idOf(name: string): string {
  return path.basename(name, '.ts')
}

/**
 * @param named a scenario's id, or the path of one's own: it and the personas in the folder beside it are found too
 * @throws HarnessError `SCENARIO_NOT_FOUND`
 */
export async function discoverAll(named?: string, root = ROOT): Promise<AllUnits> {
  const at = (folder: string) => path.join(root, folder)
  const own = named?.endsWith('.ts') ? path.resolve(named) : undefined
  if (own !== undefined && !existsSync(own))
    throw new HarnessError('SCENARIO_NOT_FOUND', `there is no scenario file ${own}`, 'see: npm run scenario -- --list')
  const ownPersonas = own === undefined ? [] : [path.join(path.dirname(own), 'personas')].filter((folder) => existsSync(folder))
  const [scenarios, personas, targets, faults, samplers, checks] = await Promise.all([
    own === undefined ? discover<Scenario>('scenario', at('scenarios')) : discoverOne<Scenario>('scenario', own),
    discover<PersonaDefinition>('persona', at('scenarios/personas'), at('scenarios/personas/presets'), ...ownPersonas),
    discover<Target>('target', at('scenarios/targets')),
    discover<FaultDefinition>('fault', at('harness/faults')),
    discover<Sampler>('sampler', at('harness/samplers')),
    discoverChecks(root),
  ])
  return { scenarios, personas, targets, faults, samplers, checks }
}

async function discoverOne<T extends { kind: string }>(kind: T['kind'], file: string): Promise<Units<T>> {
  const unit = await load<T>(kind, file)
  return new Units(kind, unit ? [unit] : [])
}

/** Judging needs nothing else. */
export function discoverChecks(root = ROOT): Promise<Units<CheckDefinition>> {
  return discover<CheckDefinition>('check', path.join(root, 'harness/checks'))
}
