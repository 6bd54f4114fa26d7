// Records what lies in reports/sample again from two run folders: node tests/sample.ts <held>
// <failed>. The raw files are gzipped, the page and what else is drawn is drawn anew. history.ndjson
// is left out: it is made from raw/. The golden test (tests/sample.integration.test.ts) redraws both.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { judge } from '../harness/checks/judge.ts'
import { discoverChecks } from '../harness/command/units.ts'
import { buildHistory } from '../harness/history/merge.ts'
import { writeReport } from '../harness/report/report.ts'
import { SAMPLES, type Sample } from './fixtures/sample-run.ts'

const DRAWN = ['report.html', 'summary.md', 'findings.md', 'junit.xml']

const [held, failed] = process.argv.slice(2)
if (held === undefined || failed === undefined)
  throw new Error('node tests/sample.ts <folder of a run that held> <folder of one that failed>')
const checks = await discoverChecks()
rmSync(SAMPLES, { recursive: true, force: true })
for (const [sample, from] of [
  ['held', held],
  ['failed', failed],
] satisfies [Sample, string][]) {
  const history = await buildHistory(from)
  const verdicts = judge(history, checks)
  await writeReport(from, history, verdicts)
  const to = path.join(SAMPLES, sample)
  mkdirSync(path.join(to, 'raw'), { recursive: true })
  writeFileSync(path.join(to, 'verdicts.json'), `${JSON.stringify(verdicts, null, 2)}\n`)
  for (const name of ['manifest.json', ...DRAWN]) cpSync(path.join(from, name), path.join(to, name))
  writeFileSync(path.join(to, 'plan.json.gz'), gzipSync(readFileSync(path.join(from, 'plan.json')), { level: 9 }))
  for (const name of readdirSync(path.join(from, 'raw'))) {
    const content = readFileSync(path.join(from, 'raw', name))
    if (content.length > 0) writeFileSync(path.join(to, 'raw', `${name}.gz`), gzipSync(content, { level: 9 }))
  }
}
