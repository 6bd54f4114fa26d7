// `npm run merge -- <folders…>`: one history from N generators, with exact counts and quantiles, and whatever is missing named. With
// `--in-parts` it is judged in bounded memory, from files, however many calls there are.
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../../errors.ts'
import { inPartsText } from '../../fleet/in-parts-text.ts'
import { judgeInParts } from '../../fleet/judge-in-parts.ts'
import { mergeFolders } from '../../fleet/merge-folders.ts'
import { mergedText } from '../../fleet/merged-text.ts'
import { buildHistory } from '../../history/merge.ts'
import { bad, parsed } from '../arguments.ts'
import type { Program } from '../program.ts'
import { shownPath } from '../recorded/judged.ts'
import { discoverChecks } from '../units.ts'

const USAGE = 'npm run merge -- <the run’s folder> <the collector’s folders…> [options]'

const HELP = `Makes one run of what several generators recorded, each line counted once; whatever is missing is named.

  ${USAGE}

  --into <folder>   where the merged run is written (default: beside the first, with -merged behind its name)
  --in-parts        judges in bounded memory, from files, however many calls there are. A run's own folder alone is judged where it is;
                    what it is divided into, as large as the run, is there too meanwhile, or in --into <folder>

Example: npm run merge -- reports/runaway-loop/latest collected --into reports/runaway-loop/whole
Exit codes: 0 all of it is there · 2 something is missing; with --in-parts those of the verdicts
`

const SPEC = { into: { type: 'string' }, 'in-parts': { type: 'boolean', default: false } } as const

export const merge: Program = { help: HELP, run: mergeCommand }

/** @returns 0 when all of it is there, 2 when something is missing */
async function mergeCommand(words: string[]): Promise<number> {
  const { values, positionals: folders } = parsed('merge', SPEC, words)
  const [first, ...others] = folders
  if (first === undefined) throw bad('merge takes the folders that belong to one run', USAGE)
  // One run's folder is judged where it is.
  const alone = values['in-parts'] && others.length === 0
  const into = values.into ?? (alone ? first : `${path.resolve(first)}-merged`)
  const bytes = (await Promise.all(folders.map(loadBytes))).reduce((sum, each) => sum + each, 0)
  try {
    if (!alone) await mergeFolders(folders, into)
    return values['in-parts'] ? await tellInParts(alone ? first : into, bytes, path.join(into, 'parts')) : await tellWhole(into)
  } catch (error) {
    throw filledUp(error, into, bytes)
  }
}

async function loadBytes(folder: string): Promise<number> {
  const raw = path.join(folder, 'raw')
  const names = (await readdir(raw).catch(() => [])).filter((name) => /^load(-\d+)?\.ndjson$/.test(name))
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(raw, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function tellWhole(into: string): Promise<number> {
  const { text, whole } = mergedText(await buildHistory(into))
  const shown = shownPath(into)
  process.stdout.write(`${text}\n→ ${shown}; judge it: npm run report ${shown}\n`)
  return whole ? 0 : 2
}

/** More calls than fit in memory. */
async function tellInParts(folder: string, bytes: number, scratch: string): Promise<number> {
  if (bytes === 0) throw new HarnessError('RUN_NOT_FOUND', `${folder} has no calls of a run, raw/load.ndjson or the like`, USAGE)
  try {
    const { text, exitCode } = inPartsText(await judgeInParts(folder, await discoverChecks(), { bytes, scratch }))
    process.stdout.write(`${text}\n`)
    return exitCode
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** What is merged, and what is divided into parts, is as large as all calls together. */
function filledUp(error: unknown, into: string, bytes: number): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  const needed = `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`
  const hint = `free some there, or name a folder on another disk: --into <folder>`
  return new HarnessError('DISK_FULL', `the disk of ${path.resolve(into)} filled up; it needs ${needed} for the calls`, hint, error)
}
