// A folder of runs, read: reports/<scenario>/<start>/, and runs that lie at its top (reports/sample). Links are not followed, so that
// nothing outside is shown and `latest` is no second run. Bounds: the newest 2,000 folders, 16 MB a file. A folder that cannot be read is
// shown as damaged; folders that hold no run's file are none.
import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../../errors.ts'
import { manifestSchema } from '../../history/event-schema.ts'
import type { Manifest } from '../../history/manifest.ts'
import type { DamagedRun, RunCard, Shelf } from '../../report/shelf/run-card.ts'
import { readBaseline } from '../recorded/baseline.ts'

const FOLDERS_MAX = 2_000
const FILE_MAX_BYTES = 16 * 1024 * 1024
const TOGETHER = 16

/** Worth a link, in this order. */
const LINKED = ['report.html', 'findings.md', 'summary.md', 'verdicts.json', 'manifest.json'] as const

/** @throws HarnessError `REPORTS_NOT_FOUND` */
export async function readShelf(folder: string): Promise<Shelf> {
  const top = await foldersIn(folder).catch((error: unknown) => {
    throw new HarnessError(
      'REPORTS_NOT_FOUND',
      `there is no folder ${JSON.stringify(folder)}`,
      'run a scenario first, or name another with --reports <folder>',
      error,
    )
  })
  const below = await Promise.all(
    top.map(async (name) => {
      const inside = await foldersIn(path.join(folder, name)).catch(() => [])
      const own = (await looksLikeRun(path.join(folder, name))) ? [name] : []
      return [...own, ...(own.length > 0 ? [] : inside.map((start) => `${name}/${start}`))]
    }),
  )
  const ids = below.flat().sort((a, b) => compare(path.posix.basename(b), path.posix.basename(a)))
  const runs: RunCard[] = []
  const damaged: DamagedRun[] = []
  for (let i = 0; i < Math.min(ids.length, FOLDERS_MAX); i += TOGETHER) {
    const some = ids.slice(i, Math.min(i + TOGETHER, FOLDERS_MAX))
    for (const found of await Promise.all(some.map((id) => readOne(folder, id)))) {
      if (found && 'problem' in found) damaged.push(found)
      else if (found) runs.push(found)
    }
  }
  return { folder, runs, damaged, left: Math.max(0, ids.length - FOLDERS_MAX) }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function looksLikeRun(folder: string): Promise<boolean> {
  return (await filesIn(folder)).some((name) => ['manifest.json', 'verdicts.json', 'plan.json'].includes(name))
}

async function filesIn(folder: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

async function readOne(shelf: string, id: string): Promise<RunCard | DamagedRun | undefined> {
  const folder = path.join(shelf, id)
  const files = await filesIn(folder)
  if (!files.some((name) => ['manifest.json', 'verdicts.json', 'plan.json', 'report.html'].includes(name))) return undefined
  try {
    const manifest = await readManifest(folder, files)
    if (!files.includes('verdicts.json'))
      throw new Error(
        manifest.state === 'running' ? 'it runs still, or was killed: it was never judged' : 'it was never judged: npm run judge <folder>',
      )
    await assertSmall(path.join(folder, 'verdicts.json'))
    const verdicts = await readBaseline(folder)
    return {
      id,
      verdicts,
      startedAt: manifest.startedAt ?? '',
      facts: factsOf(manifest),
      files: LINKED.filter((name) => files.includes(name)),
    }
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) }
  }
}

async function readManifest(folder: string, files: readonly string[]): Promise<Manifest> {
  if (!files.includes('manifest.json')) throw new Error('manifest.json is missing')
  const file = path.join(folder, 'manifest.json')
  await assertSmall(file)
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch {
    throw new Error('manifest.json is no JSON')
  }
  const parsed = manifestSchema.safeParse(value)
  if (!parsed.success) throw new Error(`manifest.json: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`)
  return value as Manifest
}

async function assertSmall(file: string): Promise<void> {
  const { size } = await stat(file)
  if (size > FILE_MAX_BYTES) throw new Error(`${path.basename(file)} has ${size} bytes: too large to be one`)
}

/** What a figure may depend on, flat; words and numbers only. */
function factsOf(manifest: Manifest): Record<string, string> {
  const { commit, dirty, driver, generators, protocol, cores, platform, versions, settings } = manifest
  const plain = { commit, dirty, driver, generators, protocol, cores, platform }
  const facts = [
    ...Object.entries(plain),
    ...Object.entries(versions ?? {}).map(([name, value]) => [`versions.${name}`, value] as const),
    ...Object.entries(settings ?? {}).map(([name, value]) => [`settings.${name}`, value] as const),
  ]
  return Object.fromEntries(
    facts
      .flatMap(([name, value]) => (['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value).slice(0, 300)]] : []))
      .slice(0, 200),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
