// What judging costs: a recorded run, enlarged to 10,000, 100,000 and 1,000,000 calls, is merged, classified, judged by every check there
// is, and drawn, each in a process of its own. Aim: the time per call stays within 1.5 times that of the smallest, 25 s and 1.5 GB at a
// million on two cores. Run: node benchmarks/judge.ts [calls…], or --folder <run> for another run than reports/sample.
// With CPU_PROF=folder each process leaves a profile there (node --cpu-prof). Needs 3 GB of disk for a million calls.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { discoverChecks } from '../harness/command/units.ts'
import { chunksOf } from '../harness/history/chunks.ts'
import { unpackSample } from '../tests/fixtures/sample-run.ts'
import { enlarge, Recorded } from './judge/enlarge.ts'
import type { Measured } from './judge/one.ts'

const ONE = path.join(import.meta.dirname, 'judge/one.ts')
const { values, positionals } = parseArgs({
  options: { folder: { type: 'string' } },
  allowPositionals: true,
})
const wanted = positionals.length > 0 ? positionals.map(Number) : [10_000, 100_000, 1_000_000]

const checks = (await discoverChecks()).ids
const scratch = mkdtempSync(path.join(os.tmpdir(), 'stampede-judge-'))
try {
  const recorded = values.folder ?? path.join(scratch, 'recorded')
  if (values.folder === undefined) unpackSample('failed', recorded)
  const run = new Recorded(recorded)
  let smallestUs: number | undefined
  for (const calls of wanted) {
    const times = Math.max(1, Math.round(calls / run.calls))
    const long = Math.max(1, Math.round(Math.sqrt(times)))
    const folder = path.join(scratch, String(calls))
    await enlarge(run, { wide: Math.max(1, Math.round(times / long)), long }, folder, checks)
    const parsedS = await parsing(path.join(folder, 'raw/load.ndjson'))
    const measured = measure(folder)
    rmSync(folder, { recursive: true })
    const { mergeS, judgeS, drawS, cpuS, peakRssBytes, page } = measured
    const perCallUs = ((mergeS + judgeS + drawS) / measured.calls) * 1e6
    smallestUs ??= perCallUs
    const figures = [
      `${measured.calls} calls, ${checks.length} checks: ${seconds(mergeS + judgeS + drawS)}`,
      `(merged ${seconds(mergeS)}, judged ${seconds(judgeS)}, drawn ${seconds(drawS)}; ${seconds(cpuS)} of a core)`,
      `${perCallUs.toFixed(1)} µs a call, ${(perCallUs / smallestUs).toFixed(2)} × the smallest`,
      `${Math.round(peakRssBytes / 1e6)} MB at most, page ${(page / 1e6).toFixed(1)} MB`,
      `the generator's lines alone, read and parsed: ${seconds(parsedS)}`,
    ]
    process.stdout.write(`${figures.join(', ')}\n`)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** What any program in this language pays: it tells one machine's seconds from another's. */
async function parsing(file: string): Promise<number> {
  const begun = performance.now()
  for await (const { texts } of chunksOf(file)) for (const text of texts) JSON.parse(text)
  return (performance.now() - begun) / 1_000
}

function measure(folder: string): Measured {
  const profile = process.env.CPU_PROF === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.CPU_PROF}`]
  const { status } = spawnSync(process.execPath, [...profile, ONE, folder], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`judging ended with ${status}`)
  return JSON.parse(readFileSync(path.join(folder, 'measured.json'), 'utf8')) as Measured
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`
}
