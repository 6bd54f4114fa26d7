// `npm run judge <folder>` and `npm run report <folder>`: verdicts and page again, from what was recorded.
import { HarnessError } from '../errors.ts'
import { judgeFolder, reportFolder, verdictText } from './judged.ts'

/** @returns the exit code that the verdicts call for */
export async function folderCommand(verb: 'judge' | 'report', words: string[]): Promise<number> {
  const [folder, ...more] = words
  if (folder === undefined || folder.startsWith('-') || more.length > 0) {
    throw new HarnessError('BAD_OPTION', `${verb} takes one run folder`, `npm run ${verb} reports/<scenario>/latest`)
  }
  const { history, verdicts } = await (verb === 'judge' ? judgeFolder(folder) : reportFolder(folder))
  process.stdout.write(verdictText(verdicts, folder, history.manifest.command))
  return verdicts.exitCode
}
