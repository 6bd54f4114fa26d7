// Every unit of the project, found by path.
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { CheckDefinition } from '../checks/check.ts'
import { discover, isUnitFile, load, type Unit, Units, unitIdOf } from '../discover.ts'
import { HarnessError } from '../errors.ts'
import type { FaultDefinition } from '../faults/fault.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Scenario } from '../scenario.ts'
import type { Target } from '../target.ts'
import { type OwnKind, ownFolders } from './project.ts'

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
  return unitIdOf(name)
}

/**
 * Ours, and those in the user's own folders (project.ts).
 * @param named a scenario's id, or the path of one's own: it and the personas in the folder beside it are found too
 * @throws HarnessError `SCENARIO_NOT_FOUND`, `NAME_TAKEN`
 */
export async function discoverAll(named?: string, { root = ROOT, cwd = process.cwd() } = {}): Promise<AllUnits> {
  const at = (folder: string) => path.join(root, folder)
  const own = ownFolders(cwd)
  const file = named !== undefined && isUnitFile(named) ? path.resolve(named) : undefined
  if (file !== undefined && !existsSync(file))
    throw new HarnessError('SCENARIO_NOT_FOUND', `there is no scenario file ${file}`, 'see: npm run scenario -- --list')
  const beside = file === undefined ? [] : [path.join(path.dirname(file), 'personas')].filter((folder) => existsSync(folder))
  const [scenarios, personas, targets, faults, samplers, checks] = await Promise.all([
    file === undefined
      ? inPlaceOf(discover<Scenario>('scenario', at('scenarios')), own, 'scenarios')
      : discoverOne<Scenario>('scenario', file),
    besides(discover<PersonaDefinition>('persona', at('scenarios/personas'), at('scenarios/personas/presets'), ...beside), own, 'personas'),
    inPlaceOf(discover<Target>('target', at('scenarios/targets')), own, 'targets'),
    besides(discover<FaultDefinition>('fault', at('harness/faults')), own, 'faults'),
    discover<Sampler>('sampler', at('harness/samplers')),
    discoverChecks(root),
  ])
  return { scenarios, personas, targets, faults, samplers, checks }
}

type Own = Partial<Record<OwnKind, string>>

/** One's own first; ours where it has no such name. */
async function inPlaceOf<T extends { kind: string }>(ours: Promise<Units<T>>, own: Own, folder: OwnKind): Promise<Units<T>> {
  const [known, added] = await withOwn(ours, own, folder)
  return new Units(known.kind, [...added, ...known.all.filter(({ id }) => !added.some((one) => one.id === id))])
}

/** A plan names personas and faults by their ids, and scenarios of ours mean ours: two of one name cannot be. */
async function besides<T extends { kind: string }>(ours: Promise<Units<T>>, own: Own, folder: OwnKind): Promise<Units<T>> {
  const [known, added] = await withOwn(ours, own, folder)
  const others = known.all.filter((unit) => !added.some((one) => one.path === unit.path))
  const taken = added.find(({ id }) => others.some((unit) => unit.id === id))
  if (taken) throw new HarnessError('NAME_TAKEN', `${taken.path} has the name of a ${known.kind} that is there already`, 'rename the file')
  return new Units(known.kind, [...others, ...added])
}

async function withOwn<T extends { kind: string }>(
  ours: Promise<Units<T>>,
  own: Own,
  folder: OwnKind,
): Promise<[Units<T>, readonly Unit<T>[]]> {
  const known = await ours
  const place = own[folder]
  return [known, place === undefined ? [] : (await discover<T>(known.kind, place)).all]
}

async function discoverOne<T extends { kind: string }>(kind: T['kind'], file: string): Promise<Units<T>> {
  const unit = await load<T>(kind, file)
  return new Units(kind, unit ? [unit] : [])
}

/** Judging needs nothing else. */
export function discoverChecks(root = ROOT): Promise<Units<CheckDefinition>> {
  return discover<CheckDefinition>('check', path.join(root, 'harness/checks'))
}
