// Folder → units. The file's name is the id; nothing registers itself. A file holds one unit: its default export, or the
// only export that is of the kind.
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { HarnessError, meant } from './errors.ts'

export interface Unit<T> {
  id: string
  path: string
  /** Name of the export that holds it. */
  exportName: string
  value: T
}

export class Units<T> {
  readonly kind: string
  readonly all: readonly Unit<T>[]

  constructor(kind: string, all: readonly Unit<T>[]) {
    this.kind = kind
    this.all = all
  }

  get ids(): string[] {
    return this.all.map((unit) => unit.id)
  }

  /** @throws HarnessError `UNKNOWN_<KIND>` with "did you mean" */
  get(id: string): Unit<T> {
    const found = this.all.find((unit) => unit.id === id)
    if (found) return found
    throw new HarnessError(`UNKNOWN_${this.kind.toUpperCase()}`, `there is no ${this.kind} ${JSON.stringify(id)}`, meant(id, this.ids))
  }

  /**
   * The unit that holds this very value: scenarios name units by importing them.
   * @throws HarnessError `STRANGE_<KIND>` when it comes from a file that was not looked at, or from another copy of this program
   */
  of(value: T): Unit<T> {
    const found = this.all.find((unit) => unit.value === value)
    if (found) return found
    const folders = [...new Set(this.all.map((unit) => path.dirname(unit.path)))].join(', ')
    throw new HarnessError(
      `STRANGE_${this.kind.toUpperCase()}`,
      `the scenario uses a ${this.kind} that is none of ${this.ids.join(', ')}`,
      `import it from ${folders}${this.kind === 'persona' ? ', or put it into a folder personas beside the scenario' : ''}`,
    )
  }
}

/**
 * Imports every unit of a kind in the folders; later folders add to earlier ones.
 * @param kind the unit's own word for itself: `persona`, `fault`, `check`, `scenario`, `target`, `weakness`, …
 */
export async function discover<T extends { kind: string }>(kind: T['kind'], ...folders: string[]): Promise<Units<T>> {
  const units: Unit<T>[] = []
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => isUnitFile(name)).sort()
    for (const name of names) {
      const unit = await load<T>(kind, path.join(folder, name))
      if (unit) units.push(unit)
    }
  }
  return new Units(kind, units)
}

/** TypeScript in a checkout and in a user's folder, JavaScript in the package. */
export function isUnitFile(name: string): boolean {
  return /\.m?[jt]s$/.test(name) && !/\.(test|d)\.m?[jt]s$/.test(name)
}

/** The file's name is the id. */
export function unitIdOf(file: string): string {
  return path.basename(file).replace(/\.m?[jt]s$/, '')
}

/** The one unit of a kind in a file, or undefined when it holds none (an interface file). */
export async function load<T extends { kind: string }>(kind: T['kind'], file: string): Promise<Unit<T> | undefined> {
  const module = await importFile(path.resolve(file))
  const id = unitIdOf(file)
  for (const [exportName, exported] of Object.entries(module)) {
    const value = definitionOf(exported)
    if (value?.kind === kind) return { id, path: path.resolve(file), exportName, value: value as T }
  }
  return undefined
}

/** @throws HarnessError `FILE_BROKEN` */
async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof HarnessError) throw error
    const { message } = error as Error
    // A package.json of type commonjs, which `npm init` writes, holds for every .ts beside it.
    const hint = /outside a module/.test(message) ? 'rename it to .mts, or set "type": "module" in package.json' : 'mend that file'
    throw new HarnessError('FILE_BROKEN', `${file} cannot be imported: ${message}`, hint, error)
  }
}

/** Constructors such as `steady(…)` carry their definition. */
function definitionOf(exported: unknown): { kind: string } | undefined {
  if (typeof exported === 'function' && 'definition' in exported) return definitionOf(exported.definition)
  if (typeof exported === 'object' && exported !== null && 'kind' in exported) return exported as { kind: string }
  return undefined
}
