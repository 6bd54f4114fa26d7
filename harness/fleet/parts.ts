// Raw lines of any number of calls → files of a bounded number each: an agent's lines stay together, so whatever is asked of one agent can
// be asked of a part. One pass, memory bounded by the number of agents. The pass itself tells what must be told of all: exact counts,
// quantiles (a count for each millisecond, so they are exact to the millisecond), every agent's numbers.

import { type FileHandle, mkdir, open } from 'node:fs/promises'
import path from 'node:path'
import { chunksOf } from '../history/chunks.ts'
import { parsed } from '../history/json.ts'
import type { LoadLine, SendLine } from '../history/load-line.ts'
import { Sequence } from '../history/sequence.ts'

/** Calls without an end are given up beyond this many: a file in which nothing ends is no run. */
const OPEN_MAX = 2_000_000
/** Tasks of an agent of which it is remembered that they began: more are not under way at a time. */
const TASKS_MAX = 64

export interface Told {
  calls: number
  answered: number
  bytes: number
  badLines: number
  starts: number[]
  latencyMs: Tally
  latenessMs: Tally
  agents: Map<string, ToldAgent>
}

interface ToldAgent {
  sequence: Sequence
  sends: number
  stopped: boolean
  callsSent: number
  /** Those that began last. */
  tasks: Set<string>
}

/** How often each whole millisecond came. */
export class Tally {
  count = 0
  readonly #counts = new Map<number, number>()

  take(ms: number): void {
    const whole = Math.round(ms)
    this.#counts.set(whole, (this.#counts.get(whole) ?? 0) + 1)
    this.count++
  }

  /** The smallest value that so large a share does not exceed; NaN without any. */
  quantile(p: number): number {
    let left = Math.max(1, Math.ceil(p * this.count))
    for (const [ms, count] of [...this.#counts].sort((a, b) => a[0] - b[0])) {
      left -= count
      if (left <= 0) return ms
    }
    return Number.NaN
  }
}

export interface PartFolder {
  folder: string
  files: string[]
}

/**
 * @param files raw/load*.ndjson, in the generators' order
 * @param count of parts
 */
export async function divide(files: readonly string[], into: string, count: number): Promise<{ told: Told; parts: PartFolder[] }> {
  const told: Told = {
    calls: 0,
    answered: 0,
    bytes: 0,
    badLines: 0,
    starts: [],
    latencyMs: new Tally(),
    latenessMs: new Tally(),
    agents: new Map(),
  }
  const parts = Array.from({ length: count }, (_, n) => path.join(into, String(n)))
  for (const folder of parts) await mkdir(folder, { recursive: true })
  for (const file of files) {
    const outs = await Promise.all(parts.map((folder) => open(path.join(folder, path.basename(file)), 'w')))
    const taker = new Taker(told)
    for await (const { texts } of chunksOf(file)) await writeAll(outs, taker.deal(texts, count))
    await Promise.all(outs.map((out) => out.close()))
  }
  return { told, parts: parts.map((folder) => ({ folder, files: files.map((file) => path.join(folder, path.basename(file))) })) }
}

class Taker {
  readonly #told: Told
  readonly #open = new Map<string, number>()

  constructor(told: Told) {
    this.#told = told
  }

  /** Every part's own of these lines; a start line is every part's. */
  deal(texts: readonly string[], count: number): string[] {
    const dealt: string[] = Array.from({ length: count }, () => '')
    for (const text of texts) {
      if (text.trim() === '') continue
      this.#told.bytes += text.length + 1
      const line = parsed<LoadLine>(text)
      if (line?.kind === 'start') for (const part of dealt.keys()) dealt[part] += `${text}\n`
      else if (typeof line?.agent === 'string') dealt[partOf(line.agent, count)] += `${text}\n`
      else {
        this.#told.badLines++
        continue
      }
      this.#take(line)
    }
    return dealt
  }

  #take(line: LoadLine): void {
    const told = this.#told
    if (line.kind === 'start') {
      told.starts.push(line.atMs)
      return
    }
    const agent = told.agents.get(line.agent) ?? { sequence: new Sequence(), sends: 0, stopped: false, callsSent: 0, tasks: new Set() }
    told.agents.set(line.agent, agent)
    agent.sequence.take(line.seq)
    if (line.kind === 'send') this.#sent(line, agent)
    else if (line.kind === 'stop') Object.assign(agent, { stopped: true, callsSent: line.callsSent })
    else if (line.kind === 'end') {
      const sentAtMs = this.#open.get(line.call)
      if (sentAtMs === undefined) return
      this.#open.delete(line.call)
      told.answered++
      told.latencyMs.take(line.endedAtMs - sentAtMs)
    }
  }

  #sent(send: SendLine, agent: ToldAgent): void {
    this.#told.calls++
    agent.sends++
    if (this.#open.size < OPEN_MAX) this.#open.set(send.call, send.sentAtMs)
    // The first call of a task is the one that had a moment to keep; tasks of an agent begin in their order.
    const { tasks } = agent
    if (tasks.has(send.task)) return
    tasks.add(send.task)
    if (tasks.size > TASKS_MAX) tasks.delete(tasks.values().next().value as string)
    this.#told.latenessMs.take(send.sentAtMs - send.plannedAtMs)
  }
}

/** What was dealt from one chunk goes to disk before the next is read: memory holds no more than that. */
async function writeAll(outs: readonly FileHandle[], texts: readonly string[]): Promise<void> {
  await Promise.all(outs.map((out, part) => (texts[part] ? out.appendFile(texts[part]) : undefined)))
}

/** FNV-1a: an agent's part does not depend on its place in the plan, so each part is a sample of all kinds of agents. */
export function partOf(agent: string, count: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < agent.length; i++) hash = Math.imul(hash ^ agent.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % count
}
