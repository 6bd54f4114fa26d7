// What `--weaken` may name for a target: its own list, or the files of a folder. The file's name is the id; the interface file
// has the folder's name in the singular.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { isUnitFile, type Unit, unitIdOf } from '../../discover.ts'
import { HarnessError, meant } from '../../errors.ts'
import type { Target } from '../../target.ts'

const INTERFACE = 'weakness'

/** @param root where the target's server is started from by default */
export function weaknessesOf({ weaknesses = [], start }: Target, root: string): string[] {
  if (Array.isArray(weaknesses)) return weaknesses
  return readdirSync(path.resolve(start?.cwd ?? root, weaknesses.folder))
    .filter((name) => isUnitFile(name))
    .map((name) => unitIdOf(name))
    .filter((id) => id !== INTERFACE)
    .sort()
}

/** @throws HarnessError `UNKNOWN_WEAKNESS` with "did you mean" */
export function assertWeakness(weaken: string | undefined, target: Unit<Target>, root: string): void {
  if (weaken === undefined) return
  const known = weaknessesOf(target.value, root)
  if (known.includes(weaken)) return
  if (known.length === 0) {
    throw new HarnessError('UNKNOWN_WEAKNESS', `target ${target.id} has no weaknesses`, 'leave --weaken out, or use --target reference')
  }
  throw new HarnessError('UNKNOWN_WEAKNESS', `there is no weakness ${JSON.stringify(weaken)}`, meant(weaken, known))
}
