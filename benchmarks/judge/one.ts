// One run's folder merged, classified, judged and drawn in this process; says how long each took and the most memory it had.
import { statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { judge } from '../../harness/checks/judge.ts'
import { discoverChecks } from '../../harness/command/units.ts'
import { buildHistory } from '../../harness/history/merge.ts'
import { writeReport } from '../../harness/report/report.ts'

export interface Measured {
  calls: number
  mergeS: number
  judgeS: number
  drawS: number
  /** Of all cores, user and system: the same on a machine that is busy with other things, or nearly. */
  cpuS: number
  peakRssBytes: number
  /** Bytes. */
  page: number
  statuses: Record<string, string>
}

const folder = process.argv[2] ?? ''
const checks = await discoverChecks()
const begun = performance.now()
const before = process.cpuUsage()
const history = await buildHistory(folder)
const merged = performance.now()
const verdicts = judge(history, checks)
const judged = performance.now()
await writeReport(folder, history, verdicts)
const drawn = performance.now()
const { user, system } = process.cpuUsage(before)
const measured: Measured = {
  calls: history.calls.length,
  mergeS: (merged - begun) / 1_000,
  judgeS: (judged - merged) / 1_000,
  drawS: (drawn - judged) / 1_000,
  cpuS: (user + system) / 1e6,
  peakRssBytes: process.resourceUsage().maxRSS * 1_024,
  page: statSync(path.join(folder, 'report.html')).size,
  statuses: Object.fromEntries(verdicts.verdicts.map(({ check, status }) => [check, status])),
}
writeFileSync(path.join(folder, 'measured.json'), JSON.stringify(measured))
