// How late tasks leave: the same moments, 300 a second of which 100 within 10 ms, followed by our drivers from a plan and by k6's own
// ramping-arrival-rate, one after the other. Prints the quantiles and our p99 ÷ k6's.
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
  const late = new Map<string, number[]>()
  for (const driver of [k6Driver, undiciDriver]) {
    const sending = await ours(driver, k6, core, url, scratch, plan())
    await sending.ended
    const lines = linesOf(path.join(scratch, driver.id, 'raw/load.ndjson')) as { kind: string; sentAtMs: number; plannedAtMs: number }[]
    late.set(
      `${driver.id} driver`,
      lines.filter(({ kind }) => kind === 'send').map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs),
    )
  }
  const given = { RATE: String(RATE), BURST: String(BURST), SECONDS: String(SECONDS), AGENTS: String(AGENTS) }
  const sending = await k6Script(k6, core, 'arrivals.k6.js', url, scratch, SECONDS * 1_000, given)
  await wait((SECONDS + 3) * 1_000)
  await sending.stop()
  const own = linesOf(path.join(scratch, 'arrivals.k6.js.ndjson')) as { lateMs: number }[]
  late.set(
    'k6 ramping-arrival-rate',
    own.map(({ lateMs }) => lateMs),
  )
  console.log(`\n| lateness, ms (${RATE} tasks/s, bursts of ${BURST}) | tasks | p50 | p99 | most |\n| --- | --- | --- | --- | --- |`)
  for (const [name, values] of late) {
    const figures = [quantileOf(values, 0.5), quantileOf(values, 0.99), Math.max(...values)].map((ms) => ms.toFixed(1))
    console.log(`| ${name} | ${values.length} | ${figures.join(' | ')} |`)
  }
  const p99 = (name: string) => quantileOf(late.get(name) ?? [], 0.99)
  console.log(`k6 driver's p99 ÷ k6's own: ${(p99('k6 driver') / p99('k6 ramping-arrival-rate')).toFixed(2)} (aim ≤ 0.5)`)
}

function linesOf(file: string): unknown[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}
