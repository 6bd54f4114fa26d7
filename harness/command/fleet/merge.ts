// `npm run merge -- <folders…>`: one history from N generators, with exact counts and quantiles, and whatever is missing named. With
// `--in-parts` it is judged in bounded memory, from files, however many calls there are.
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'
import { inPartsText } from '../../fleet/in-parts-text.ts'
import { judgeInParts } from '../../fleet/judge-in-parts.ts'
import { mergeFolders } from '../../fleet/merge-folders.ts'
import { mergedText } from '../../fleet/merged-text.ts'
import { buildHistory } from '../../history/merge.ts'
import { shownPath } from '../recorded/judged.ts'
import { discoverChecks } from '../units.ts'

const USAGE = 'npm run merge -- <the run’s folder> <the collector’s folders…> [--into <folder>] [--in-parts]'

/** @returns 0 when all of it is there, 2 when something is missing */
export async function mergeCommand(words: string[]): Promise<number> {
  const { folders, into, inParts } = parse(words)
  const [alone, ...others] = folders
  // One run's folder is judged where it is.
  if (inParts && alone !== undefined && others.length === 0) return await tellInParts(alone)
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

function parse(words: string[]): { folders: string[]; into: string; inParts: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: { into: { type: 'string' }, 'in-parts': { type: 'boolean' } },
      allowPositionals: true,
    })
    const [first] = positionals
    if (first === undefined) throw new HarnessError('BAD_OPTION', 'merge takes the folders that belong to one run', USAGE)
    return { folders: positionals, into: values.into ?? `${path.resolve(first)}-merged`, inParts: values['in-parts'] ?? false }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', USAGE, error)
  }
}
