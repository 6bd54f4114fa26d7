// A user's own units: in ./stampede/{scenarios,personas,faults,targets}, or in the folder that the nearest package.json names:
// "mcp-stampede": { "folder": "tests/stampede" }. They are equals of ours; one with the name of ours takes its place.
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { HarnessError } from '../errors.ts'

const OWN_KINDS = ['scenarios', 'personas', 'faults', 'targets'] as const

export type OwnKind = (typeof OWN_KINDS)[number]

/**
 * @param cwd where the person stands; the folder is looked for from the nearest package.json upwards, or here
 * @returns the folder that exists for each kind
 * @throws HarnessError `PROJECT_INVALID`
 */
export function ownFolders(cwd: string): Partial<Record<OwnKind, string>> {
  const manifest = nearestManifest(cwd)
  const named = manifest && folderNamedBy(manifest)
  const home = path.resolve(manifest ? path.dirname(manifest) : cwd, named ?? 'stampede')
  if (named !== undefined && !isFolder(home))
    throw new HarnessError(
      'PROJECT_INVALID',
      `${manifest} names ${JSON.stringify(named)}, and there is no such folder`,
      `mkdir -p ${path.relative(cwd, home)}/scenarios`,
    )
  return Object.fromEntries(OWN_KINDS.map((kind) => [kind, path.join(home, kind)]).filter(([, folder]) => isFolder(folder as string)))
}

function nearestManifest(from: string): string | undefined {
  const here = path.join(from, 'package.json')
  if (existsSync(here)) return here
  const above = path.dirname(from)
  return above === from ? undefined : nearestManifest(above)
}

function folderNamedBy(manifest: string): string | undefined {
  const invalid = (what: string, cause?: unknown) =>
    new HarnessError('PROJECT_INVALID', `${manifest} ${what}`, 'write: "mcp-stampede": { "folder": "stampede" }', cause)
  let read: { 'mcp-stampede'?: { folder?: unknown } } | null
  try {
    read = JSON.parse(readFileSync(manifest, 'utf8')) as typeof read
  } catch (error) {
    throw invalid(`cannot be read: ${(error as Error).message}`, error)
  }
  const folder = read?.['mcp-stampede']?.folder
  if (folder !== undefined && (typeof folder !== 'string' || folder === '')) throw invalid('has a strange "mcp-stampede".folder')
  return folder
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false
}
