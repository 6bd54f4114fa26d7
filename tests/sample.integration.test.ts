// The two committed runs of reports/sample, judged and drawn again from their raw files: the same
// verdicts and the same page, byte for byte. A change of the page shows here; look at it, then
// write it down with `vitest run --project integration tests/sample.integration.test.ts --update`.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { judge } from '../harness/checks/judge.ts'
import { discoverChecks } from '../harness/command/units.ts'
import { buildHistory } from '../harness/history/merge.ts'
import { writeReport } from '../harness/report/report.ts'
import { SAMPLES, unpackSample } from './fixtures/sample-run.ts'

let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'stampede-sample-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

it.each([
  ['held', 'pass'],
  ['failed', 'fail'],
] as const)('%s is redrawn as it was', async (sample, status) => {
  const folder = path.join(scratch, sample)
  unpackSample(sample, folder)
  const history = await buildHistory(folder)
  const verdicts = judge(history, await discoverChecks())
  expect(verdicts.status).toBe(status)
  await writeReport(folder, history, verdicts)
  await expect(`${JSON.stringify(verdicts, null, 2)}\n`).toMatchFileSnapshot(path.join(SAMPLES, sample, 'verdicts.json'))
  for (const name of ['report.html', 'summary.md', 'findings.md', 'junit.xml']) {
    const drawn = await readFile(path.join(folder, name), 'utf8')
    await expect(drawn, name).toMatchFileSnapshot(path.join(SAMPLES, sample, name))
  }
})
