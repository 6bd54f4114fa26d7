// The one file of the report that touches a disk: finds the charts and writes what a run's folder is opened for.
// Everything written is a function of the history and the verdicts, so writing it twice leaves the same bytes.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Verdicts } from '../checks/check.ts'
import { discover } from '../discover.ts'
import type { History } from '../history/history.ts'
import type { Chart } from './charts/chart.ts'
import { reportHtml } from './html.ts'
import { junitXml } from './junit.ts'
import { summaryMarkdown } from './markdown.ts'

/**
 * Writes report.html, junit.xml and summary.md into the run's folder.
 * @throws the file system's own errors: a full disk, a folder that cannot be written
 */
export async function writeReport(folder: string, history: History, verdicts: Verdicts): Promise<void> {
  const charts = await discover<Chart>('chart', path.join(import.meta.dirname, 'charts'))
  await Promise.all([
    writeFile(path.join(folder, 'junit.xml'), junitXml(verdicts)),
    writeFile(path.join(folder, 'summary.md'), summaryMarkdown(history, verdicts)),
    reportHtml(history, verdicts, charts).then((page) => writeFile(path.join(folder, 'report.html'), page)),
  ])
}
