// Findings of a run's folder: those of its history and verdicts, with what the server's own logs there say.
import type { Verdicts } from '../../checks/check.ts'
import { readCallLogs } from '../../history/call-log.ts'
import type { History } from '../../history/history.ts'
import { type Findings, findingCalls, findingsOf } from './findings.ts'

export async function gatherFindings(folder: string, history: History, verdicts: Verdicts): Promise<Findings> {
  return findingsOf(history, verdicts, await readCallLogs(folder, verdicts.run, findingCalls(history, verdicts)))
}
