// Folders → one run's folder: the one that has the plan and what the harness recorded, and those that have generators' files, as the
// collector wrote them or as somebody brought them here. Bytes are copied, never mended: what is missing or there twice is for the
// history to name. Sources are left as they are.
//
// Which generator a file is of stands in its name, load-<n>.ndjson. A part that comes in two folders with the same bytes is one copy too
// many, and said; with other bytes both are kept, so that doubled lines are found by their numbers.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HarnessError } from '../errors.ts'
import { parsed } from '../history/json.ts'
import { loadFileNames } from '../history/load-files.ts'
import type { Manifest } from '../history/manifest.ts'
import { readManifest } from '../history/merge.ts'
import type { GeneratorLine } from '../history/raw-line.ts'

const LOAD_FILE = /^load(?:-(\d+))?\.ndjson$/
const SAID = 'generators.ndjson'

interface Part {
  part: number
  file: string
}

/**
 * @param into a folder that does not exist yet
 * @returns how many generators there should be
 * @throws HarnessError `RUN_NOT_FOUND`, `MERGE_NO_PLAN`, `MERGE_MISMATCH`, `FOLDER_EXISTS`; as `readManifest`
 */
export async function mergeFolders(folders: readonly string[], into: string): Promise<number> {
  if (existsSync(into)) throw new HarnessError('FOLDER_EXISTS', `${into} is there already`, 'name another with --into <folder>')
  const lost = folders.find((folder) => !existsSync(folder))
  if (lost !== undefined)
    throw new HarnessError('RUN_NOT_FOUND', `there is no folder ${JSON.stringify(lost)}`, 'name the run’s folder and its collectors’')
  const { home, manifest } = await homeOf(folders)
  const said = (await Promise.all(folders.map(saidIn))).flat()
  assertSamePlan(manifest, said)
  const parts = (await Promise.all(folders.map(partsIn))).flat()
  const of = Math.max(manifest.generators ?? 1, ...said.map((line) => line.of), ...parts.map(({ part }) => part))
  const half = `${into}.part`
  await rm(half, { recursive: true, force: true })
  await mkdir(path.join(half, 'raw'), { recursive: true })
  await copyOthers(home, half)
  const notes: string[] = []
  for (const [position, name] of loadFileNames(of).entries())
    notes.push(...(await joinPart(parts, position + 1, path.join(half, 'raw', name))))
  if (said.length > 0) await writeFile(path.join(half, 'raw', SAID), said.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const merged: Manifest = { ...manifest, ...(of > 1 && { generators: of }), notes: [...manifest.notes, ...notes] }
  await writeFile(path.join(half, 'manifest.json'), `${JSON.stringify(merged, null, 2)}\n`)
  await rename(half, into)
  return of
}

async function homeOf(folders: readonly string[]): Promise<{ home: string; manifest: Manifest }> {
  const homes = folders.filter((folder) => existsSync(path.join(folder, 'manifest.json')) && existsSync(path.join(folder, 'plan.json')))
  const [home, ...others] = homes
  if (home === undefined)
    throw new HarnessError(
      'MERGE_NO_PLAN',
      `none of ${folders.join(', ')} has a manifest.json and a plan.json`,
      'give the folder of the run itself too: reports/<scenario>/<start>',
    )
  const manifest = await readManifest(home)
  for (const other of others) {
    const { run, planHash } = await readManifest(other)
    if (run === manifest.run && planHash === manifest.planHash) continue
    throw new HarnessError('MERGE_MISMATCH', `${home} and ${other} are of different runs or plans`, 'merge only what belongs to one run')
  }
  return { home, manifest }
}

/** Other lines of that file than whole ones are left out: it was being written when somebody pulled the plug. */
async function saidIn(folder: string): Promise<GeneratorLine[]> {
  const text = await readFile(path.join(folder, 'raw', SAID), 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => parsed<GeneratorLine>(line) ?? [])
}

function assertSamePlan({ planHash }: Manifest, said: readonly GeneratorLine[]): void {
  const other = said.find((line) => line.planHash !== undefined && line.planHash !== planHash)
  if (!other) return
  throw new HarnessError(
    'MERGE_MISMATCH',
    `generator ${other.part} of ${other.of} drew the plan ${other.planHash}, the run has ${planHash}`,
    'its load was another one: run it again from the same commit, scenario, target and seed',
  )
}

async function partsIn(folder: string): Promise<Part[]> {
  const names = await readdir(path.join(folder, 'raw')).catch(() => [])
  return names.flatMap((name) => {
    const found = LOAD_FILE.exec(name)
    return found ? [{ part: Number(found[1] ?? 1), file: path.join(folder, 'raw', name) }] : []
  })
}

/** All that is not the generators': a run's logs too. */
async function copyOthers(home: string, into: string): Promise<void> {
  await copyFile(path.join(home, 'plan.json'), path.join(into, 'plan.json'))
  for (const folder of ['raw', 'logs']) {
    const names = await readdir(path.join(home, folder)).catch(() => [])
    await mkdir(path.join(into, folder), { recursive: true })
    for (const name of names)
      if (folder !== 'raw' || (!LOAD_FILE.test(name) && name !== SAID))
        await copyFile(path.join(home, folder, name), path.join(into, folder, name))
  }
}

async function joinPart(parts: readonly Part[], part: number, into: string): Promise<string[]> {
  const files = parts.filter((one) => one.part === part).map(({ file }) => file)
  const kept = new Map<string, string>()
  const notes: string[] = []
  for (const file of files) {
    const hash = await hashOf(file)
    const same = kept.get(hash)
    if (same === undefined) kept.set(hash, file)
    else notes.push(`${file} is the same as ${same}: it counts once`)
  }
  if (kept.size > 1)
    notes.push(`generator ${part} has ${kept.size} files that differ: ${[...kept.values()].join(', ')}; all their lines are kept`)
  for (const file of kept.values()) await pipeline(createReadStream(file), createWriteStream(into, { flags: 'a' }))
  return notes
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
