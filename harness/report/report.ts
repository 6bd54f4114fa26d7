// The one file of the report that touches a disk: finds the charts, reads the log lines of the calls that are shown, and writes what
// a run's folder is opened for. Everything written is a function of the run's files, so writing it twice leaves the same bytes.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Verdicts } from '../checks/check.ts'
import { discover } from '../discover.ts'
import { type CallLogs, readCallLogs } from '../history/call-log.ts'
import type { History } from '../history/history.ts'
import { withoutSecrets } from '../plan/secrets.ts'
import type { Chart } from './charts/chart.ts'
import type { ClientView } from './clients.ts'
import { findingCalls, findingsOf } from './findings/findings.ts'
import { findingsMarkdown } from './findings/markdown.ts'
import { reportHtml } from './html.ts'
import { junitXml } from './junit.ts'
import { summaryMarkdown } from './markdown.ts'
import { callsShownWhole, gather } from './source.ts'

/**
 * Writes report.html, junit.xml, summary.md and findings.md into the run's folder.
 * @param baseline an earlier run's: the summary tells what differs
 * @throws the file system's own errors: a full disk, a folder that cannot be written
 */
export async function writeReport(folder: string, history: History, verdicts: Verdicts, baseline?: Verdicts): Promise<void> {
  const shown = [...callsShownWhole(history, verdicts).homes.values()].map(({ call }) => call.call)
  const logs = await readCallLogs(folder, verdicts.run, new Set([...findingCalls(history, verdicts), ...shown]))
  const findings = findingsOf(history, verdicts, logs)
  await Promise.all([
    write(folder, 'findings.md', findingsMarkdown(findings)),
    write(folder, 'junit.xml', junitXml(verdicts)),
    write(folder, 'summary.md', summaryMarkdown(history, verdicts, baseline)),
    reportPage(history, verdicts, logs).then((page) => write(folder, 'report.html', page)),
  ])
}

/** A report is passed on: what the plan planted into arguments as secrets stands in none, whatever it quotes. */
async function write(folder: string, name: string, text: string): Promise<void> {
  await writeFile(path.join(folder, name), withoutSecrets(text))
}

/** The page's bytes. @param logs lines of the calls that are shown, of others too */
async function reportPage(history: History, verdicts: Verdicts, logs: CallLogs): Promise<string> {
  const here = import.meta.dirname
  const charts = await discover<Chart>('chart', path.join(here, 'charts'))
  const script = await pageScript()
  const clients = JSON.parse(await readFile(path.join(here, 'clients.json'), 'utf8')) as ClientView[]
  return reportHtml(gather(history, verdicts, logs, clients), charts, script)
}

/** What runs in the page, in the order of the files' names. */
export async function pageScript(): Promise<string> {
  const folder = path.join(import.meta.dirname, 'page', 'scripts')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.js')).sort()
  return (await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))).join('\n')
}
