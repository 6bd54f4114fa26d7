// From a run's folder to its verdicts and its report: what `scenario` does at its end, and `judge` and `report` again at any
// time, without a server, a generator or a database.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Verdicts } from '../../checks/check.ts'
import { judge } from '../../checks/judge.ts'
import type { History } from '../../history/history.ts'
import { buildHistory } from '../../history/merge.ts'
import { writeReport } from '../../report/report.ts'
import { endScreen } from '../../report/terminal.ts'
import { discoverChecks } from '../units.ts'

export interface Judged {
  history: History
  verdicts: Verdicts
}

/**
 * Makes history.ndjson and verdicts.json anew from the raw files.
 * @throws HarnessError `RUN_NOT_FOUND`, `HISTORY_VERSION`
 */
export async function judgeFolder(folder: string): Promise<Judged> {
  const history = await buildHistory(folder)
  const verdicts = judge(history, await discoverChecks())
  await writeFile(path.join(folder, 'verdicts.json'), `${JSON.stringify(verdicts, null, 2)}\n`)
  return { history, verdicts }
}

/** @param baseline the summary tells what differs from it */
export async function reportFolder(folder: string, baseline?: Verdicts): Promise<Judged> {
  const judged = await judgeFolder(folder)
  await writeReport(folder, judged.history, judged.verdicts, baseline)
  return judged
}

/** How a folder is named to the person who asked: from where they stand. */
export function shownPath(folder: string): string {
  return path.relative(process.cwd(), path.resolve(folder)) || '.'
}

/** The end of a run in one screen, as wide as the terminal. */
export function verdictText(verdicts: Verdicts, folder: string, command: string, baseline?: Verdicts): string {
  const { columns, isTTY } = process.stdout
  const colour = isTTY === true && !process.env.NO_COLOR
  const look = { colour, width: columns ?? 100 }
  return `${endScreen(verdicts, { folder: shownPath(folder), command, ...look, ...(baseline && { baseline }) }).trimEnd()}\n`
}
