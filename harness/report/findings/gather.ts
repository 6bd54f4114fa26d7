// Findings of a run's folder: those of its history and verdicts, with what the server's own logs there say.
import type { Verdicts } from '../../checks/check.ts'
import { readCallLogs } from '../../history/call-log.ts'
import type { History } from '../../history/history.ts'
import { readServerSaid } from '../../history/server-said.ts'
import { type Findings, findingCalls, findingsOf } from './findings.ts'

export async function gatherFindings(folder: string, history: History, verdicts: Verdicts): Promise<Findings> {
  const calls = await readCallLogs(folder, verdicts.run, findingCalls(history, verdicts))
  return findingsOf(history, verdicts, { calls, said: await readServerSaid(folder, history) })
}
