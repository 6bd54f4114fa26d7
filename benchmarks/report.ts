// What the page of a long run costs: a recorded run (reports/sample/failed) is replayed in memory, one after the other, until it has
// 1,000,000 calls; its page is written, and opened in Chromium three times, each in a fresh profile. Aim: at most 5 MB, written in
// 20 s, open within 2 s. Run: node benchmarks/report.ts [calls]. What merging and judging such a run cost is benchmarks/judge.ts.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { judge } from '../harness/checks/judge.ts'
import { discoverChecks } from '../harness/command/units.ts'
import type { History } from '../harness/history/history.ts'
import { buildHistory } from '../harness/history/merge.ts'
import { writeReport } from '../harness/report/report.ts'
import { openBrowser } from '../tests/fixtures/browser.ts'
import { unpackSample } from '../tests/fixtures/sample-run.ts'

const OPENINGS = 3
const wanted = Number(process.argv[2] ?? 1_000_000)

const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-report-'))
try {
  unpackSample('failed', folder)
  const once = await buildHistory(folder)
  const verdicts = judge(once, await discoverChecks())
  const long = replayed(once, Math.ceil(wanted / once.calls.length))
  const begun = performance.now()
  const cpu = process.cpuUsage()
  await writeReport(folder, long, verdicts)
  const tookS = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const page = path.join(folder, 'report.html')
  const opened = await openings(page)
  const figures = [
    `${long.calls.length} calls, ${Math.round(long.plan.endsAtMs / 1_000)} s`,
    `page ${(statSync(page).size / 1e6).toFixed(2)} MB`,
    `written in ${tookS.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of a core), at most ${Math.round(process.resourceUsage().maxRSS / 1_000)} MB of memory`,
    `open in ${opened.map((ms) => `${Math.round(ms)} ms`).join(', ')}`,
  ]
  process.stdout.write(`${figures.join('; ')}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The run so many times, each after the one before; ids stay unique, since each round has a run's id of its own. */
function replayed(once: History, times: number): History {
  const { endsAtMs, phases, faults, agents } = once.plan
  const rounds = Array.from({ length: times }, (_, round) => ({ round, byMs: round * endsAtMs }))
  const later = <T extends { atMs: number }>(lines: readonly T[]) =>
    rounds.flatMap(({ byMs }) => lines.map((line) => ({ ...line, atMs: line.atMs + byMs })))
  const id = (call: string, round: number) => (round === 0 ? call : `${call}-${round}`)
  const calls = rounds.flatMap(({ round, byMs }) =>
    once.calls.map((call) => ({
      ...call,
      index: call.index + round * once.calls.length,
      call: id(call.call, round),
      task: id(call.task, round),
      ...(call.parent !== undefined && { parent: id(call.parent, round) }),
      plannedAtMs: call.plannedAtMs + byMs,
      sentAtMs: call.sentAtMs + byMs,
      ...(call.endedAtMs !== undefined && { endedAtMs: call.endedAtMs + byMs }),
    })),
  )
  const moved = phases.flatMap((phase) => ({ ...phase, fromMs: phase.fromMs * times, toMs: phase.toMs * times }))
  const plan = { ...once.plan, agents, phases: moved, faults, endsAtMs: endsAtMs * times }
  return { ...once, plan, calls, samples: later(once.samples), attempts: later(once.attempts), clocks: later(once.clocks) }
}

/** From the request to the first paint after the load event, ms. */
async function openings(file: string): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < OPENINGS; i++) {
    const browser = await openBrowser()
    const page = await browser.newPage({ viewport: { width: 1_200, height: 900 } })
    const begun = performance.now()
    await page.goto(`file://${file}`)
    await page.evaluate('new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))')
    took.push(performance.now() - begun)
    await browser.close()
  }
  return took
}
