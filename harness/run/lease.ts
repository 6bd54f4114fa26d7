// The lease: what must not outlive a run, written to disk before it can be forgotten. A normal end removes it; after a
// kill -9 the next start reads it, ends what is left and says so.
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Keeper } from '../environment/service.ts'
import { isAlive, parentOf, processesOf, startOf } from './process-table.ts'

interface LeaseFile {
  run: string
  harness: LeasedProcess
  folder: string
  processes: LeasedProcess[]
}

interface LeasedProcess {
  pid: number
  name: string
  /** When the process began, as the system tells it: a number used again is another process. */
  started: string | undefined
}

/** Long enough for Postgres to take its shared memory away with it. */
const QUIT_MS = 3_000

export function leaseFolder(): string {
  return path.join(os.tmpdir(), `stampede-${process.getuid?.() ?? 'user'}`)
}

/** A run's own lease. Disposing it ends what is still registered and removes the file. */
export class Lease implements Keeper, AsyncDisposable {
  readonly run: string
  readonly folder: string
  readonly #file: string
  readonly #content: LeaseFile
  #ended = false

  constructor(run: string, parent = leaseFolder()) {
    this.run = run
    this.folder = path.join(parent, run)
    this.#file = path.join(parent, `${run}.json`)
    // Others may pass through (Postgres runs as another user) but not look around.
    mkdirSync(parent, { recursive: true, mode: 0o711 })
    chmodSync(parent, 0o711)
    this.#content = {
      run,
      harness: { pid: process.pid, name: 'harness', started: startOf(process.pid) },
      folder: this.folder,
      processes: [],
    }
    this.#write()
    mkdirSync(this.folder, { mode: 0o711 })
    chmodSync(this.folder, 0o711)
  }

  process(pid: number, name: string): void {
    if (this.#ended) {
      // Started while the run was already being cleaned up.
      kill(pid, 'SIGKILL')
      return
    }
    this.#content.processes.push({ pid, name, started: startOf(pid) })
    this.#write()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await clear(this.#content)
    rmSync(this.#file, { force: true })
  }

  /** The last resort, when there is no time to wait: everything of the run is killed at once. */
  killNow(): void {
    this.#ended = true
    for (const pid of leftovers(this.#content)) kill(pid, 'SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
    rmSync(this.#file, { force: true })
  }

  #write(): void {
    // Whole or not at all: another start may be reading it.
    writeFileSync(`${this.#file}.part`, JSON.stringify(this.#content))
    renameSync(`${this.#file}.part`, this.#file)
  }
}

/** Cleans up after runs whose harness is gone. Returns a sentence for each. */
export async function sweep(parent = leaseFolder()): Promise<string[]> {
  const said: string[] = []
  for (const name of fileNames(parent).filter((candidate) => candidate.endsWith('.json'))) {
    const file = path.join(parent, name)
    const content = read(file) ?? nameless(parent, path.basename(name, '.json'))
    if (isAlive(content.harness.pid) && startOf(content.harness.pid) === content.harness.started) continue
    const ended = await clear(content)
    rmSync(file, { force: true })
    rmSync(`${file}.part`, { force: true })
    said.push(`cleaned up after run ${content.run}, which was killed: ended ${ended} process${ended === 1 ? '' : 'es'}, removed its folder`)
  }
  return said
}

/** Ends every process of the run and removes its folder; returns how many processes there were. */
async function clear(content: LeaseFile): Promise<number> {
  const first = leftovers(content)
  const postgres = new Set(content.processes.filter(({ name }) => name === 'postgres').map(({ pid }) => pid))
  // An immediate shutdown lets the postmaster end its backends and free its shared memory.
  for (const pid of first) kill(pid, 'SIGCONT')
  for (const pid of first) kill(pid, postgres.has(pid) ? 'SIGQUIT' : postgres.has(parentOf(pid)) ? 'SIGCONT' : 'SIGKILL')
  const deadline = Date.now() + QUIT_MS
  while (leftovers(content).length > 0 && Date.now() < deadline) await wait(20)
  for (const pid of leftovers(content)) kill(pid, 'SIGKILL')
  rmSync(content.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  return first.length
}

function leftovers(content: LeaseFile): number[] {
  const registered = content.processes.filter(({ pid, started }) => isAlive(pid) && startOf(pid) === started).map(({ pid }) => pid)
  return [...new Set([...registered, ...processesOf(content.run).map(({ pid }) => pid)])]
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already.
  }
}

function fileNames(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** A lease that cannot be read still names its run: its processes carry that mark. */
function nameless(parent: string, run: string): LeaseFile {
  return { run, harness: { pid: 0, name: 'harness', started: undefined }, folder: path.join(parent, run), processes: [] }
}

function read(file: string): LeaseFile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LeaseFile
  } catch {
    return undefined
  }
}
