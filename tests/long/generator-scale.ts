// 5,000 agents for a minute on this machine, by each driver, against the least server there is: every planned call sent once and answered,
// and the memory that it took. Limits: 3 GB with k6, 1 GB with undici.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { CALL, ours, planOf } from '../../benchmarks/generator/contenders.ts'
import type { LoadLine } from '../../harness/history/load-line.ts'
import { quantileOf } from '../../harness/history/quantiles.ts'
import type { Driver, GeneratorEnd } from '../../harness/load/driver.ts'
import { k6Driver } from '../../harness/load/k6/start.ts'
import { undiciDriver } from '../../harness/load/undici/start.ts'
import type { PlannedTask } from '../../harness/plan/plan.ts'
import { ensureK6 } from '../../setup.mjs'

const AGENTS = 5_000
/** One call of each agent in so long, ms. */
const EVERY_MS = 20_000
/** After the last planned call, for what is late by then: a plan's end cuts off what has not left. */
const DRAIN_MS = 5_000
const MEMORY_MAX: [Driver, number][] = [
  [k6Driver, 3e9],
  [undiciDriver, 1e9],
]

/** @returns what was measured, a line a driver. @throws Error when a call is missing or the memory was too much */
export async function run(seconds = 60, limits = MEMORY_MAX): Promise<string[]> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'stampede-scale-'))
  const server = fork(path.join(import.meta.dirname, '../../benchmarks/generator/bare-server.ts'))
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  try {
    const said: string[] = []
    for (const [driver, memoryMax] of limits) said.push(await measure(driver, memoryMax, `http://127.0.0.1:${port}/mcp`, scratch, seconds))
    return said
  } finally {
    server.disconnect()
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function measure(driver: Driver, memoryMax: number, url: string, scratch: string, seconds: number): Promise<string> {
  const plan = planOf(seconds * 1_000 + DRAIN_MS, AGENTS, (index) => ({
    persona: 'steady',
    parameters: {},
    tasks: tasksOf(index, seconds),
  }))
  const sending = await ours(driver, await ensureK6(), undefined, url, scratch, plan)
  const { maxRssBytes = 0 } = (await sending.ended) as GeneratorEnd
  const lines = linesOf(path.join(scratch, driver.id, 'raw/load.ndjson'))
  const planned = plan.agents.reduce((sum, { tasks }) => sum + tasks.length, 0)
  const sends = lines.filter((line) => line.kind === 'send')
  const answered = lines.filter((line) => line.kind === 'end' && line.status === 200).length
  const late = sends.map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs)
  const megabytes = Math.round(maxRssBytes / 1e6)
  const figures = `${sends.length} of ${planned} calls, ${answered} answered, ${megabytes} MB, late p50 ${quantileOf(late, 0.5)} p99 ${quantileOf(late, 0.99)} ms`
  const said = `${driver.id}: ${AGENTS} agents for ${seconds} s: ${figures}`
  if (sends.length !== planned || answered !== planned || maxRssBytes > memoryMax) throw new Error(`${said}; at most ${memoryMax / 1e6} MB`)
  return said
}

/** Spread evenly over all agents. */
function tasksOf(index: number, seconds: number): PlannedTask[] {
  const firstMs = Math.floor((index / AGENTS) * EVERY_MS)
  const count = Math.ceil((seconds * 1_000 - firstMs) / EVERY_MS)
  return Array.from({ length: Math.max(0, count) }, (_, n) => ({ task: `t${n + 1}`, atMs: firstMs + n * EVERY_MS, calls: [CALL] }))
}

function linesOf(file: string): LoadLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LoadLine]))
}
