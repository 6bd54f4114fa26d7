// The one file of the report that touches a disk: finds the charts and writes what a run's folder is opened for.
// Everything written is a function of the history and the verdicts, so writing it twice leaves the same bytes.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Verdicts } from '../checks/check.ts'
import { discover } from '../discover.ts'
import { readCallLogs } from '../history/call-log.ts'
import type { History } from '../history/history.ts'
import { readServerSaid } from '../history/server-said.ts'
import type { Chart } from './charts/chart.ts'
import { type Findings, findingCalls, findingsOf } from './findings/findings.ts'
import { findingsMarkdown } from './findings/markdown.ts'
import { reportHtml } from './html.ts'
import { junitXml } from './junit.ts'
import { summaryMarkdown } from './markdown.ts'

/**
 * Writes report.html, junit.xml, summary.md and findings.md into the run's folder.
 * @throws the file system's own errors: a full disk, a folder that cannot be written
 */
export async function writeReport(folder: string, history: History, verdicts: Verdicts): Promise<void> {
  const charts = await discover<Chart>('chart', path.join(import.meta.dirname, 'charts'))
  const findings = await readFindings(folder, history, verdicts)
  await Promise.all([
    writeFile(path.join(folder, 'findings.md'), findingsMarkdown(findings)),
    writeFile(path.join(folder, 'junit.xml'), junitXml(verdicts)),
    writeFile(path.join(folder, 'summary.md'), summaryMarkdown(history, verdicts)),
    reportHtml(history, verdicts, charts).then((page) => writeFile(path.join(folder, 'report.html'), page)),
  ])
}

/** What failed and how to mend it, with the server's own log lines from the run's folder. */
export async function readFindings(folder: string, history: History, verdicts: Verdicts): Promise<Findings> {
  const calls = await readCallLogs(folder, verdicts.run, findingCalls(history, verdicts))
  return findingsOf(history, verdicts, { calls, said: await readServerSaid(folder, history) })
}
