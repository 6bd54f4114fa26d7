// A recorded run, made as large as one likes: its agents several times over, and each phase several times as long. What happened in a
// phase happens again in each of its repeats, so that rates, faults and recoveries keep their shape. Calls, agents and keys get a suffix a
// copy; line numbers of an agent go on from repeat to repeat. Written as a run leaves it: manifest.json, plan.json, raw/.
import { once } from 'node:events'
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import type { EndLine, LoadLine, SendLine, StopLine } from '../../harness/history/load-line.ts'
import type { Manifest } from '../../harness/history/manifest.ts'
import type { Phase, Plan } from '../../harness/plan/plan.ts'

type Json = Record<string, unknown>

/** How often: `wide` copies of each agent, each phase `long` times. */
export interface Size {
  wide: number
  long: number
}

export class Recorded {
  readonly manifest: Manifest
  readonly plan: Plan
  readonly load: LoadLine[]
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    this.manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest
    this.plan = JSON.parse(readFileSync(path.join(folder, 'plan.json'), 'utf8')) as Plan
    this.load = this.lines<LoadLine>('load.ndjson')
  }

  get calls(): number {
    return this.load.filter(({ kind }) => kind === 'send').length
  }

  get startMs(): number {
    return this.load.find((line) => line.kind === 'start')?.atMs ?? this.manifest.t0Ms ?? 0
  }

  lines<T>(name: string): T[] {
    return readFileSync(path.join(this.folder, 'raw', name), 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as T] : []))
  }
}

/** @returns calls in the enlarged run */
export async function enlarge(run: Recorded, size: Size, folder: string, checks: readonly string[]): Promise<number> {
  mkdirSync(path.join(folder, 'raw'), { recursive: true })
  const limits = new Map(run.plan.checks.map((check) => [check.check, check.limits]))
  const plan: Plan = {
    ...run.plan,
    phases: run.plan.phases.map((phase) => ({ ...phase, fromMs: phase.fromMs * size.long, toMs: phase.toMs * size.long })),
    faults: run.plan.faults.map((fault) => ({ ...fault, injectAtMs: fault.injectAtMs * size.long, healAtMs: fault.healAtMs * size.long })),
    agents: run.plan.agents.flatMap((agent) => copies(size.wide).map((copy) => agentCopy(run, agent, copy, size.long))),
    checks: checks.map((check) => ({ check, limits: limits.get(check) ?? {} })),
    endsAtMs: run.plan.endsAtMs * size.long,
  }
  writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify(run.manifest))
  writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(plan))
  const load = new Lines(path.join(folder, 'raw/load.ndjson'))
  await writeLoad(run, size, load)
  await load.close()
  await writeServerLog(run, size, path.join(folder, 'raw/server-1.log'))
  for (const name of ['samples', 'links']) await writeTiled(run, size.long, folder, name)
  for (const name of ['faults', 'clock']) await writeMoved(run, size.long, folder, name)
  writeFileSync(path.join(folder, 'raw/effects.ndjson'), '')
  return run.calls * size.wide * size.long
}

const copies = (count: number) => Array.from({ length: count }, (_, copy) => copy)

/** Sent while one phase lasts: moments of one repeat of it, ms since the start of the run. */
function movedBy(phase: Phase, long: number, repeat: number): number {
  return phase.fromMs * (long - 1) + (phase.toMs - phase.fromMs) * repeat
}

function phaseAt({ plan }: Recorded, atMs: number): Phase {
  const found = plan.phases.find(({ toMs }) => atMs < toMs) ?? plan.phases.at(-1)
  if (!found) throw new Error('the recorded run has no phase')
  return found
}

function agentCopy(run: Recorded, agent: Plan['agents'][number], copy: number, long: number): Plan['agents'][number] {
  const tasks = copies(long).flatMap((repeat) =>
    agent.tasks.map((task) => ({
      ...task,
      task: `${task.task}x${repeat}`,
      atMs: task.atMs + movedBy(phaseAt(run, task.atMs), long, repeat),
    })),
  )
  return { ...agent, agent: `${agent.agent}x${copy}`, tasks: tasks.sort((a, b) => a.atMs - b.atMs) }
}

/** All sends and ends of the run in the order of time, phase by phase and repeat by repeat; then the agents' last lines. */
async function writeLoad(run: Recorded, { wide, long }: Size, out: Lines): Promise<void> {
  const sends = new Map(run.load.flatMap((line) => (line.kind === 'send' ? [[line.call, line] as const] : [])))
  const seqs = new Map<string, number>()
  const next = (agent: string) => {
    seqs.set(agent, (seqs.get(agent) ?? 0) + 1)
    return seqs.get(agent) as number
  }
  await out.write({ kind: 'start', atMs: run.startMs })
  for (const phase of run.plan.phases) {
    const inside = run.load.filter((line): line is SendLine | EndLine => {
      const send = line.kind === 'end' ? sends.get(line.call) : line.kind === 'send' ? line : undefined
      return send !== undefined && phaseAt(run, send.sentAtMs) === phase
    })
    for (const repeat of copies(long)) {
      const byMs = movedBy(phase, long, repeat)
      for (const line of inside) {
        for (const copy of copies(wide)) {
          const agent = `${line.agent}x${copy}`
          await out.write({
            ...(line.kind === 'send' ? sendCopy(line, copy, repeat, byMs) : endCopy(line, copy, repeat, byMs)),
            agent,
            seq: next(agent),
          })
        }
      }
    }
  }
  for (const stop of run.load.filter((line): line is StopLine => line.kind === 'stop'))
    for (const copy of copies(wide)) {
      const agent = `${stop.agent}x${copy}`
      const [tasksStarted, callsSent] = [stop.tasksStarted * long, stop.callsSent * long]
      await out.write({ ...stop, agent, tasksStarted, callsSent, seq: next(agent), atMs: stop.atMs * long })
    }
}

function named(name: string, copy: number, repeat: number): string {
  return `${name}x${copy}.${repeat}`
}

function sendCopy(line: SendLine, copy: number, repeat: number, byMs: number): SendLine {
  return {
    ...line,
    call: named(line.call, copy, repeat),
    task: `${line.task}x${repeat}`,
    ...(line.parent !== undefined && { parent: named(line.parent, copy, repeat) }),
    ...(line.key !== undefined && { key: named(line.key, copy, repeat) }),
    trace: (copy * 7_919 + repeat).toString(16).padStart(8, '0') + line.trace.slice(8),
    plannedAtMs: line.plannedAtMs + byMs,
    sentAtMs: line.sentAtMs + byMs,
  }
}

function endCopy(line: EndLine, copy: number, repeat: number, byMs: number): EndLine {
  const rpcId = line.rpcId === line.call ? { rpcId: named(line.call, copy, repeat) } : {}
  return { ...line, ...rpcId, call: named(line.call, copy, repeat), endedAtMs: line.endedAtMs + byMs }
}

async function writeServerLog(run: Recorded, { wide, long }: Size, file: string): Promise<void> {
  const out = new Lines(file)
  for (const line of run.lines<Json>('server-1.log')) {
    const id = line.request_id
    if (typeof id !== 'string' || !id.startsWith(run.manifest.run)) continue
    for (const repeat of copies(long)) for (const copy of copies(wide)) await out.write({ ...line, request_id: named(id, copy, repeat) })
  }
  await out.close()
}

/** What is read all the time: again in each repeat of its phase. Times are of the wall clock. */
async function writeTiled(run: Recorded, long: number, folder: string, name: string): Promise<void> {
  const lines = run.lines<Json & { atMs: number }>(`${name}.ndjson`)
  const moved = lines.flatMap((line) => {
    const phase = phaseAt(run, line.atMs - run.startMs)
    return copies(long).map((repeat) => ({ ...line, atMs: line.atMs + movedBy(phase, long, repeat) }))
  })
  const out = new Lines(path.join(folder, `raw/${name}.ndjson`))
  for (const line of moved.sort((a, b) => a.atMs - b.atMs)) await out.write(line)
  await out.close()
}

/** What happens once: at the beginning of its phase. */
async function writeMoved(run: Recorded, long: number, folder: string, name: string): Promise<void> {
  const out = new Lines(path.join(folder, `raw/${name}.ndjson`))
  for (const line of run.lines<Json & { atMs: number; monotonicMs?: number }>(`${name}.ndjson`)) {
    const byMs = movedBy(phaseAt(run, line.atMs - run.startMs), long, 0)
    await out.write({ ...line, atMs: line.atMs + byMs, ...(line.monotonicMs !== undefined && { monotonicMs: line.monotonicMs + byMs }) })
  }
  await out.close()
}

const WRITE_BYTES = 1_000_000

class Lines {
  readonly #stream
  #waiting: string[] = []
  #bytes = 0

  constructor(file: string) {
    this.#stream = createWriteStream(file)
  }

  async write(line: unknown): Promise<void> {
    const text = `${JSON.stringify(line)}\n`
    this.#waiting.push(text)
    this.#bytes += text.length
    if (this.#bytes >= WRITE_BYTES) await this.#flush()
  }

  async close(): Promise<void> {
    await this.#flush()
    this.#stream.end()
    await finished(this.#stream)
  }

  async #flush(): Promise<void> {
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#bytes = 0
    if (!this.#stream.write(text)) await once(this.#stream, 'drain')
  }
}
