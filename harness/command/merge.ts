// `npm run merge -- <folders…>`: one history from N generators, with exact counts and quantiles, and whatever is missing named.
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HarnessError } from '../errors.ts'
import { mergeFolders } from '../fleet/merge-folders.ts'
import { mergedText } from '../fleet/merged-text.ts'
import { buildHistory } from '../history/merge.ts'
import { shownPath } from './judged.ts'

const USAGE = 'npm run merge -- <the run’s folder> <the collector’s folders…> [--into <folder>]'

/** @returns 0 when all of it is there, 2 when something is missing */
export async function mergeCommand(words: string[]): Promise<number> {
  const { folders, into } = parse(words)
  await mergeFolders(folders, into)
  const history = await buildHistory(into)
  const { text, whole } = mergedText(history)
  const shown = shownPath(into)
  process.stdout.write(`${text}\n→ ${shown}; judge it: npm run report ${shown}\n`)
  return whole ? 0 : 2
}

function parse(words: string[]): { folders: string[]; into: string } {
  try {
    const { values, positionals } = parseArgs({ args: words, options: { into: { type: 'string' } }, allowPositionals: true })
    const [first] = positionals
    if (first === undefined) throw new HarnessError('BAD_OPTION', 'merge takes the folders that belong to one run', USAGE)
    return { folders: positionals, into: values.into ?? `${path.resolve(first)}-merged` }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', USAGE, error)
  }
}
