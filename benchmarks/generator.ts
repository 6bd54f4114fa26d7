// What a generator can send from one core: our two drivers with every line on record, against k6 by hand, k6 at its fastest, the official
// client, wrk, locust and artillery. Server and generator have a core each; all take turns within one run, so that what else the machine
// does hits all; ratios are those of a round, and their median is what counts. Calls are counted by the server.
// Then lateness: our plan against k6's own open arrivals, 300 tasks a second with bursts of 100.
//
// Run: node benchmarks/generator.ts [rounds] [contender …]. Needs two cores, Linux (taskset).
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { groupMembers } from '../harness/environment/process-group.ts'
import { quantileOf } from '../harness/history/quantiles.ts'
import { type Contender, contenders } from './generator/contenders.ts'
import { lateness } from './generator/lateness.ts'

const SERVER_CORE = 0
const GENERATOR_CORE = 1
const WARM_UP_MS = 1_500
const MEASURED_MS = 3_000
/** Until the first call may come: locust and artillery take seconds to start. */
const FIRST_CALL_WITHIN_MS = 30_000

const LIMITS: [string, string, number][] = [
  ['k6 driver', 'k6 by hand', 0.9],
  ['k6 driver', 'k6 http.post', 0.35],
  ['k6 driver', 'SDK client v2', 2.5],
  ['undici driver', 'wrk', 0.5],
  ['undici driver', 'locust', 3],
  ['undici driver', 'SDK client v2', 8],
  ['undici driver', 'artillery', 8],
]

interface Rate {
  perSecond: number
  /** Of the generator's own time on its core: what it would send if nothing else needed that core. */
  perCpuSecond: number
}

const [rounds = '3', ...only] = process.argv.slice(2)
const scratch = mkdtempSync(path.join(os.tmpdir(), 'stampede-bench-'))
const server = fork(path.join(import.meta.dirname, 'generator/bare-server.ts'), {
  execPath: 'taskset',
  execArgv: ['-c', String(SERVER_CORE), process.execPath],
})
const [{ port }] = (await once(server, 'message')) as [{ port: number }]
const url = `http://127.0.0.1:${port}/mcp`
try {
  const all = await contenders(GENERATOR_CORE, only)
  for (const { name, missing } of all) if (missing !== undefined) console.log(`${name} is missing: ${missing}`)
  const present = all.filter(({ missing }) => missing === undefined)
  const rates = new Map<string, Rate[]>(present.map(({ name }) => [name, []]))
  for (let round = 1; round <= Number(rounds); round++) {
    for (const contender of present) {
      const rate = await rateOf(contender)
      rates.get(contender.name)?.push(rate)
      console.log(
        `round ${round}: ${contender.name} ${Math.round(rate.perSecond)} calls/s, ${Math.round(rate.perCpuSecond)} a second of its own`,
      )
    }
  }
  tell(rates)
  if (only.length === 0 || only.includes('lateness')) await lateness(url, GENERATOR_CORE, scratch)
} finally {
  server.disconnect()
  rmSync(scratch, { recursive: true, force: true })
}

async function rateOf({ name, start }: Contender): Promise<Rate> {
  const before = await answered(server)
  const sending = await start(url, scratch, FIRST_CALL_WITHIN_MS + WARM_UP_MS + MEASURED_MS)
  try {
    const deadline = Date.now() + FIRST_CALL_WITHIN_MS
    // Clients that look around first make a call or two.
    while ((await answered(server)) < before + 500) {
      if (Date.now() > deadline) throw new Error(`${name} sent nothing`)
      await wait(20)
    }
    await wait(WARM_UP_MS)
    const [from, fromMs, fromCpuMs] = [await answered(server), performance.now(), await cpuMs(sending.group)]
    await wait(MEASURED_MS)
    const calls = (await answered(server)) - from
    const perCpuSecond = (calls * 1_000) / ((await cpuMs(sending.group)) - fromCpuMs)
    return { perSecond: (calls * 1_000) / (performance.now() - fromMs), perCpuSecond }
  } finally {
    await sending.stop()
  }
}

async function cpuMs(group: number): Promise<number> {
  return (await groupMembers(group)).reduce((sum, member) => sum + member.cpuMs, 0)
}

async function answered(child: ChildProcess): Promise<number> {
  child.send('how many')
  const [reply] = (await once(child, 'message')) as [{ answered: number }]
  return reply.answered
}

function tell(rates: Map<string, Rate[]>): void {
  console.log('\n| generator | calls/s, median | least | most | a second of its own time, median |\n| --- | --- | --- | --- | --- |')
  for (const [name, own] of rates) {
    const perSecond = own.map((rate) => rate.perSecond)
    const figures = [
      quantileOf(perSecond, 0.5),
      Math.min(...perSecond),
      Math.max(...perSecond),
      quantileOf(
        own.map((rate) => rate.perCpuSecond),
        0.5,
      ),
    ]
    console.log(`| ${name} | ${figures.map(Math.round).join(' | ')} |`)
  }
  console.log('\n| ratio | median | least | most | of its own time, median | aim |\n| --- | --- | --- | --- | --- | --- |')
  for (const [ours, other, aim] of LIMITS) {
    const [above, below] = [rates.get(ours), rates.get(other)]
    if (!above || !below) continue
    const [ratios, own] = (['perSecond', 'perCpuSecond'] as const).map((of) =>
      above.map((rate, n) => rate[of] / (below[n]?.[of] ?? Number.NaN)),
    )
    const figures = [quantileOf(ratios ?? [], 0.5), Math.min(...(ratios ?? [])), Math.max(...(ratios ?? [])), quantileOf(own ?? [], 0.5)]
    console.log(`| ${ours} ÷ ${other} | ${figures.map((figure) => figure.toFixed(2)).join(' | ')} | ≥ ${aim} |`)
  }
}
