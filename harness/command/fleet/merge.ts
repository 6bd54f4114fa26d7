// `npm run merge -- <folders…>`: one history from N generators, with exact counts and quantiles, and whatever is missing named. With
// `--in-parts` it is judged in bounded memory, from files, however many calls there are.
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
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
  --in-parts        judges in bounded memory, from files, however many calls there are; a run's own folder alone is judged where it is

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
  const { into = `${path.resolve(first)}-merged`, 'in-parts': inParts } = values
  // One run's folder is judged where it is.
  if (inParts && others.length === 0) return await tellInParts(first)
  await mergeFolders(folders, into)
  if (inParts) return await tellInParts(into)
  const history = await buildHistory(into)
  const { text, whole } = mergedText(history)
  const shown = shownPath(into)
  process.stdout.write(`${text}\n→ ${shown}; judge it: npm run report ${shown}\n`)
  return whole ? 0 : 2
}

/** More calls than fit in memory. */
async function tellInParts(folder: string): Promise<number> {
  const names = (await readdir(path.join(folder, 'raw'))).filter((name) => /^load(-\d+)?\.ndjson$/.test(name))
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, 'raw', name))).size))
  const scratch = path.join(folder, 'parts')
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  try {
    const { text, exitCode } = inPartsText(await judgeInParts(folder, await discoverChecks(), { bytes, scratch }))
    process.stdout.write(`${text}\n`)
    return exitCode
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
