// `npm run judge <folder>` and `npm run report <folder>`: verdicts and page again, from what was recorded.
import path from 'node:path'
import { HarnessError } from '../errors.ts'
import { endScreen } from '../report/terminal.ts'
import { judgeFolder, reportFolder } from './judged.ts'

/** @returns the exit code that the verdicts call for */
export async function folderCommand(verb: 'judge' | 'report', words: string[]): Promise<number> {
  const [folder, ...more] = words
  if (folder === undefined || folder.startsWith('-') || more.length > 0) {
    throw new HarnessError('BAD_OPTION', `${verb} takes one run folder`, `npm run ${verb} reports/<scenario>/latest`)
  }
  const { history, verdicts } = await (verb === 'judge' ? judgeFolder(folder) : reportFolder(folder))
  const { columns, isTTY } = process.stdout
  const shown = path.relative(process.cwd(), path.resolve(folder)) || '.'
  const text = endScreen(verdicts, {
    folder: shown,
    command: history.manifest.command,
    colour: isTTY === true && !process.env.NO_COLOR,
    width: columns ?? 100,
  })
  process.stdout.write(`${text.trimEnd()}\n`)
  return verdicts.exitCode
}
