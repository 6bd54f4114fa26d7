// `npm run judge <folder>` and `npm run report <folder>`: verdicts and page again, from what was recorded.
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'
import { readBaseline } from './baseline.ts'
import { judgeFolder, reportFolder, verdictText } from './judged.ts'

/** @returns the exit code that the verdicts call for */
export async function folderCommand(verb: 'judge' | 'report', words: string[]): Promise<number> {
  const { folder, baseline: given } = parse(verb, words)
  const baseline = given === undefined ? undefined : await readBaseline(given)
  const { history, verdicts } = await (verb === 'judge' ? judgeFolder(folder) : reportFolder(folder, baseline))
  process.stdout.write(verdictText(verdicts, folder, history.manifest.command, baseline))
  return verdicts.exitCode
}

function parse(verb: string, words: string[]): { folder: string; baseline?: string } {
  try {
    const { values, positionals } = parseArgs({ args: words, options: { baseline: { type: 'string' } }, allowPositionals: true })
    const [folder, ...more] = positionals
    if (folder === undefined || more.length > 0) throw new Error(`${verb} takes one run folder`)
    return { folder, ...(values.baseline !== undefined && { baseline: values.baseline }) }
  } catch (error) {
    const usage = `npm run ${verb} reports/<scenario>/latest -- --baseline <folder|file>`
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', usage, error)
  }
}
