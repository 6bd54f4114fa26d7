// What one more agent costs, measured with 1 and with 2 generators, for docs/scale.md: memory, lines and bytes a call, the plan's bytes and
// the time to draw and to read it, bytes a second to the collector. Prints each figure, what one generator predicts for two, and the error.
// Run: node benchmarks/scale.ts [agents] [seconds]. Ratios only where others use the cores.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { discover } from '../harness/discover.ts'
import { freePort } from '../harness/environment/free-port.ts'
import { Collector } from '../harness/fleet/collector.ts'
import { CollectorClient } from '../harness/fleet/collector-client.ts'
import { ship } from '../harness/fleet/shipper.ts'
import { loadFileNames } from '../harness/history/load-files.ts'
import type { GeneratorEnd } from '../harness/load/driver.ts'
import { prepareGenerators } from '../harness/load/generators.ts'
import { k6Driver } from '../harness/load/k6/start.ts'
import type { PersonaDefinition } from '../harness/persona.ts'
import type { PlannedTask } from '../harness/plan/plan.ts'
import { planText } from '../harness/plan/text.ts'
import { ensureK6 } from '../setup.mjs'
import { CALL, planOf } from './generator/contenders.ts'

const [agents = 400, seconds = 15] = process.argv.slice(2).map(Number)
const EVERY_MS = 3_000
const SHIPPED_BYTES = 256 << 20

const scratch = mkdtempSync(path.join(os.tmpdir(), 'stampede-scale-'))
const server = fork(path.join(import.meta.dirname, 'generator/bare-server.ts'))
const [{ port }] = (await once(server, 'message')) as [{ port: number }]
try {
  const few = await measure(1, agents / 4)
  const one = await measure(1, agents)
  const two = await measure(2, agents)
  const perAgent = (one.memory - few.memory) / (agents - agents / 4)
  const fixed = one.memory - perAgent * agents
  for (const [name, { memory, bytes, calls, late }] of Object.entries({
    [`1 × ${agents / 4}`]: few,
    [`1 × ${agents}`]: one,
    [`2 × ${agents / 2}`]: two,
  }))
    console.log(`${name} agents: ${mb(memory)} MB, ${calls} calls, ${(bytes / calls).toFixed(0)} bytes a call, late p99 ${late} ms`)
  console.log(`memory: ${mb(fixed)} MB a generator and ${(perAgent / 1e6).toFixed(2)} MB an agent`)
  const predicted = 2 * fixed + perAgent * agents
  console.log(`two generators: ${mb(predicted)} MB predicted, ${mb(two.memory)} measured, error ${percent(predicted / two.memory - 1)}`)
  console.log(
    `bytes a call: ${(one.bytes / one.calls).toFixed(0)} predicted, ${(two.bytes / two.calls).toFixed(0)} measured, error ${percent(one.bytes / one.calls / (two.bytes / two.calls) - 1)}`,
  )
  console.log(
    `plan: ${one.planBytes} bytes, ${(one.planBytes / one.calls).toFixed(0)} a task; written and read again ${one.planMs.toFixed(0)} ms`,
  )
  console.log(await shipped())
} finally {
  server.disconnect()
  rmSync(scratch, { recursive: true })
}

async function measure(generators: number, count: number) {
  const folder = path.join(scratch, `${generators}-${count}`)
  for (const name of ['raw', 'logs', 'keep']) mkdirSync(path.join(folder, name), { recursive: true })
  const plan = planOf(seconds * 1_000, count, (index) => ({ persona: 'steady', parameters: {}, tasks: tasksOf(index, count) }))
  const planFile = path.join(folder, 'plan.json')
  const begun = performance.now()
  writeFileSync(planFile, planText(plan))
  JSON.parse(readFileSync(planFile, 'utf8'))
  const planMs = performance.now() - begun
  await using generator = await prepareGenerators(
    { driver: k6Driver, generators, freePort },
    {
      ...{ plan, planFile, url: `http://127.0.0.1:${port}/mcp`, run: 'r1', seed: 1, k6Path: await ensureK6() },
      personas: await discover<PersonaDefinition>('persona', path.join(import.meta.dirname, '../scenarios/personas')),
      headers: plan.agents.map(() => ({})),
      rawFolder: path.join(folder, 'raw'),
      logFolder: path.join(folder, 'logs'),
      keeper: { run: 'r1', folder: path.join(folder, 'keep'), process: () => undefined },
      signal: AbortSignal.timeout(600_000),
    },
  )
  await generator.begin()
  const { maxRssBytes: memory = Number.NaN } = (await generator.ended) as GeneratorEnd
  const files = loadFileNames(generators).map((name) => path.join(folder, 'raw', name))
  const sends = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/"plannedAtMs":([\d.]+),"sentAtMs":([\d.]+)/g)])
  const late = sends.map(([, planned, sent]) => Number(sent) - Number(planned)).sort((a, b) => a - b)
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  return { memory, bytes, calls: sends.length, late: late[Math.floor(late.length * 0.99)], planBytes: statSync(planFile).size, planMs }
}

/** Spread evenly over all agents. */
function tasksOf(index: number, count: number): PlannedTask[] {
  const firstMs = Math.floor((index / count) * EVERY_MS)
  const number = Math.max(0, Math.ceil((seconds * 1_000 - firstMs) / EVERY_MS))
  return Array.from({ length: number }, (_, n) => ({ task: `t${n + 1}`, atMs: firstMs + n * EVERY_MS, calls: [CALL] }))
}

/** A whole file to the collector, by one sender. */
async function shipped(): Promise<string> {
  const token = 'a-token-of-the-benchmark'
  await using collector = await Collector.listen({ folder: path.join(scratch, 'collected'), of: 1, token })
  const file = path.join(scratch, 'large')
  writeFileSync(file, Buffer.alloc(SHIPPED_BYTES, 120))
  const client = new CollectorClient(`http://127.0.0.1:${collector.port}`, token)
  const begun = performance.now()
  const now = AbortSignal.abort()
  await ship({ file, collector: client, part: 1, of: 1, planHash: 'h', host: 'here', over: now, signal: AbortSignal.timeout(120_000) })
  return `collector: ${Math.round(SHIPPED_BYTES / 1e6 / ((performance.now() - begun) / 1_000))} MB/s from one sender on this machine`
}

function mb(bytes: number): number {
  return Math.round(bytes / 1e6)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
