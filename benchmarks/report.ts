// What the page of a long run costs: a recorded run, enlarged to 1,000,000 calls, is merged, judged and drawn in a process of its own; then the page
// is opened in Chromium three times. Aim: at most 5 MB, written in 20 s (drawing alone, the run's files read), open within 2 s.
// Run: node benchmarks/report.ts [calls]. Needs 3 GB of disk and of memory for a million calls.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { discoverChecks } from '../harness/command/units.ts'
import { openBrowser } from '../tests/fixtures/browser.ts'
import { unpackSample } from '../tests/fixtures/sample-run.ts'
import { enlarge, Recorded } from './judge/enlarge.ts'
import type { Measured } from './judge/one.ts'

const ONE = path.join(import.meta.dirname, 'judge/one.ts')
const OPENINGS = 3
const wanted = Number(process.argv[2] ?? 1_000_000)

const scratch = mkdtempSync(path.join(os.tmpdir(), 'stampede-report-'))
try {
  const small = path.join(scratch, 'small')
  unpackSample('failed', small)
  const run = new Recorded(small)
  const times = Math.max(1, Math.round(wanted / run.calls))
  const long = Math.max(1, Math.round(Math.sqrt(times)))
  const folder = path.join(scratch, 'large')
  await enlarge(run, { wide: Math.max(1, Math.round(times / long)), long }, folder, (await discoverChecks()).ids)
  const { status } = spawnSync(process.execPath, [ONE, folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`drawing ended with ${status}`)
  const { calls, mergeS, judgeS, drawS, page } = JSON.parse(readFileSync(path.join(folder, 'measured.json'), 'utf8')) as Measured
  const opened = await openings(path.join(folder, 'report.html'))
  process.stdout.write(
    `${calls} calls: page ${(page / 1e6).toFixed(2)} MB, drawn in ${drawS.toFixed(1)} s (after merging ${mergeS.toFixed(1)} s and judging ${judgeS.toFixed(1)} s), ` +
      `open in ${opened.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`,
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** From the request to the load event and the first paint after it, ms, each in a fresh profile. */
async function openings(file: string): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < OPENINGS; i++) {
    await using browser = await openBrowser()
    const page: Page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
    const begun = performance.now()
    await page.goto(`file://${file}`)
    await page.evaluate('new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))')
    took.push(performance.now() - begun)
  }
  return took
}
