// How late tasks leave: the same moments, 300 a second of which 100 within 10 ms, followed by our drivers from a plan and by k6's own
// ramping-arrival-rate, one after the other. Prints the quantiles and our p99 ÷ k6's, once over all and once without the first second, in
// which programs are compiled and connections opened: a burst of the very first moment is what no run of ours has, since each warms up.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { quantileOf } from '../../harness/history/quantiles.ts'
import { k6Driver } from '../../harness/load/k6/start.ts'
import { undiciDriver } from '../../harness/load/undici/start.ts'
import type { Plan, PlannedTask } from '../../harness/plan/plan.ts'
import { ensureK6 } from '../../setup.mjs'
import { CALL, k6Script, ours, planOf } from './contenders.ts'

const RATE = 300
const BURST = 100
const BURST_MS = 10
const SECONDS = 8
const AGENTS = 200

/** Of one second's tasks, ms. */
function moments(): number[] {
  const rest = RATE - BURST
  const burst = Array.from({ length: BURST }, (_, n) => (n / BURST) * BURST_MS)
  return [...burst, ...Array.from({ length: rest }, (_, n) => BURST_MS + (n / rest) * (1_000 - BURST_MS))]
}

/** The tasks in turn over all agents. */
function plan(): Plan {
  const all = Array.from({ length: SECONDS }, (_, second) => moments().map((ms) => Math.round(second * 1_000 + ms))).flat()
  const tasksOf = (index: number): PlannedTask[] =>
    all.filter((_, n) => n % AGENTS === index).map((atMs, n) => ({ task: `t${n + 1}`, atMs, calls: [CALL] }))
  return planOf(SECONDS * 1_000, AGENTS, (index) => ({ persona: 'steady', parameters: {}, tasks: tasksOf(index) }))
}

export async function lateness(url: string, core: number, scratch: string): Promise<void> {
  const k6 = await ensureK6()
  const late = new Map<string, Late[]>()
  for (const driver of [k6Driver, undiciDriver]) {
    const sending = await ours(driver, k6, core, url, scratch, plan())
    await sending.ended
    const lines = linesOf(path.join(scratch, driver.id, 'raw/load.ndjson')) as { kind: string; sentAtMs: number; plannedAtMs: number }[]
    const sends = lines.filter(({ kind }) => kind === 'send')
    late.set(
      `${driver.id} driver`,
      sends.map(({ sentAtMs, plannedAtMs: atMs }) => ({ atMs, lateMs: sentAtMs - atMs })),
    )
  }
  const given = { RATE: String(RATE), BURST: String(BURST), SECONDS: String(SECONDS), AGENTS: String(AGENTS) }
  const sending = await k6Script(k6, core, 'arrivals.k6.js', url, scratch, SECONDS * 1_000, given)
  await wait((SECONDS + 3) * 1_000)
  await sending.stop()
  late.set('k6 ramping-arrival-rate', linesOf(path.join(scratch, 'arrivals.k6.js.ndjson')) as Late[])
  const p99 = (name: string, fromMs: number) => quantileOf(since(late.get(name) ?? [], fromMs), 0.99)
  console.log(`\n| lateness, ms (${RATE} tasks/s, bursts of ${BURST}) | tasks | p50 | p99 | most | p99 after the first second |`)
  console.log('| --- | --- | --- | --- | --- | --- |')
  for (const [name, values] of late) {
    const all = since(values, 0)
    const figures = [quantileOf(all, 0.5), quantileOf(all, 0.99), Math.max(...all), p99(name, 1_000)].map((ms) => ms.toFixed(1))
    console.log(`| ${name} | ${values.length} | ${figures.join(' | ')} |`)
  }
  const ratio = (fromMs: number) => (p99('k6 driver', fromMs) / p99('k6 ramping-arrival-rate', fromMs)).toFixed(2)
  console.log(`k6 driver's p99 ÷ k6's own: ${ratio(0)}; after the first second ${ratio(1_000)} (aim ≤ 0.5)`)
}

/** One task: its planned moment, ms since the start, and how much later it left. */
interface Late {
  atMs: number
  lateMs: number
}

function since(tasks: readonly Late[], fromMs: number): number[] {
  return tasks.flatMap(({ atMs, lateMs }) => (atMs >= fromMs ? [lateMs] : []))
}

function linesOf(file: string): unknown[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}
