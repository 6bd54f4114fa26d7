// Judging in bounded memory: a recorded run, replayed by so many copies of its agents that it has the calls asked for, is judged from its
// files in a process that is held to 1 GB of heap. Prints calls, seconds, the most memory, and the verdicts' statuses.
// Run: node benchmarks/judge-in-parts.ts [calls…] [--folder <run>]; 10 million calls take 8 GB of disk twice.
// The plan is that of the recorded run with an agent for each copy and no tasks: a plan of ten million tasks would not fit into one text.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { peakMemory } from '../harness/load/peak-memory.ts'
import { Recorded } from './judge/enlarge.ts'

const CLI = path.join(import.meta.dirname, '../harness/cli.ts')
const HEAP_MB = 1_024
const { values, positionals } = parseArgs({
  options: { folder: { type: 'string', default: path.join(import.meta.dirname, '../reports/sample') } },
  allowPositionals: true,
})

const run = new Recorded(values.folder)
for (const wanted of positionals.length > 0 ? positionals.map(Number) : [1_000_000, 10_000_000]) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'stampede-in-parts-'))
  try {
    const copies = Math.max(1, Math.round(wanted / run.calls))
    await replay(copies, scratch)
    const bytes = statSync(path.join(scratch, 'raw/load.ndjson')).size
    const begun = process.hrtime.bigint()
    const { said, problems, code, memory } = await judged(scratch)
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9
    const calls = run.calls * copies
    const figures = `${calls} calls, ${Math.round(bytes / 1e6)} MB: ${seconds.toFixed(1)} s, ${((seconds / calls) * 1e6).toFixed(1)} µs a call`
    console.log(`${figures}, ${Math.round(memory / 1e6)} MB at most, exit ${code}`)
    console.log((said.trim() || problems).replaceAll(/^/gm, '  '))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

async function judged(folder: string): Promise<{ said: string; problems: string; code: number | null; memory: number }> {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, CLI, 'merge', folder, '--in-parts'])
  let [said, problems, memory] = ['', '', 0]
  child.stdout.on('data', (chunk) => (said += String(chunk)))
  child.stderr.on('data', (chunk) => (problems += String(chunk)))
  const look = setInterval(() => (memory = peakMemory(child.pid ?? 0) ?? memory), 200)
  const [code] = (await once(child, 'close')) as [number | null]
  clearInterval(look)
  return { said, problems, code, memory }
}

async function replay(copies: number, folder: string): Promise<void> {
  mkdirSync(path.join(folder, 'raw'), { recursive: true })
  const names = Array.from({ length: copies }, (_, copy) => `x${copy}`)
  const agents = run.plan.agents.flatMap((agent) => names.map((name) => ({ ...agent, agent: agent.agent + name, tasks: [] })))
  writeFileSync(path.join(folder, 'plan.json'), JSON.stringify({ ...run.plan, agents }))
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(run.manifest))
  for (const name of ['samples', 'links', 'faults', 'clock', 'upstream']) {
    const file = path.join(run.folder, 'raw', `${name}.ndjson`)
    if (existsSync(file)) copyFileSync(file, path.join(folder, 'raw', `${name}.ndjson`))
  }
  const out = createWriteStream(path.join(folder, 'raw/load.ndjson'), { highWaterMark: 1 << 22 })
  for (const line of run.load) {
    const text = JSON.stringify(line)
    if (line.kind === 'start') out.write(`${text}\n`)
    else for (const name of names) if (!out.write(`${copyOf(text, line.agent, name)}\n`)) await once(out, 'drain')
  }
  await once(out.end(), 'close')
}

/** Agents, calls and keys of a copy are its own: all of them hold the agent's name. */
function copyOf(text: string, agent: string, name: string): string {
  return text.replaceAll(agent, agent + name)
}
