// The lease: what must not outlive a run, written to disk before it can be forgotten. A normal end removes it; after a
// kill -9 the next start reads it, ends what is left and says so.
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { FaultKeeper, Remedy } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import { carryOut } from '../faults/remedy.ts'
import { clear, kill, type LeaseFile, leftovers } from './leftovers.ts'
import { commandOf, isAlive, startOf } from './process-table.ts'

/** Nobody takes as long to write a lease, ms. */
const PART_MS = 60_000

export function leaseFolder(): string {
  return path.join(os.tmpdir(), `stampede-${process.getuid?.() ?? 'user'}`)
}

/** A run's own lease. Disposing it ends what is still registered and removes the file. */
export class Lease implements FaultKeeper, AsyncDisposable {
  readonly run: string
  readonly folder: string
  readonly #file: string
  readonly #content: LeaseFile
  #ended = false
  #lastFault = 0

  constructor(run: string, parent = leaseFolder()) {
    this.run = run
    this.folder = path.join(parent, run)
    this.#file = path.join(parent, `${run}.json`)
    // Others may pass through (Postgres runs as another user) but not look around.
    mkdirSync(parent, { recursive: true, mode: 0o711 })
    assertOurs(parent)
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
    this.#content.processes.push({ pid, name, started: startOf(pid), command: commandOf(pid) })
    this.#write()
  }

  engine(host: string): void {
    this.#content.engines = [...new Set([...(this.#content.engines ?? []), host])]
    this.#write()
  }

  remember(remedies: readonly Remedy[]): () => void {
    const number = ++this.#lastFault
    const stamped = remedies.map((remedy) => {
      const started = remedy.do === 'signal' ? startOf(remedy.pid) : undefined
      return started === undefined ? remedy : { ...remedy, started }
    })
    this.#content.faults = [...(this.#content.faults ?? []), { number, remedies: stamped }]
    this.#write()
    return () => {
      this.#content.faults = this.#content.faults?.filter((fault) => fault.number !== number) ?? []
      if (!this.#ended) this.#write()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    const outside = this.#content.faults?.some(({ remedies }) => remedies.some(({ do: how }) => how === 'command' || how === 'http'))
    const { problems } = await clear(this.#content, { watchdogs: !outside })
    // What could not be healed outside of the run's own services is left to the next start, and to the watchdog; containers as well.
    if (!outside && problems.length === 0) rmSync(this.#file, { force: true })
  }

  /** The last resort, when there is no time to wait: everything of the run is killed at once. */
  killNow(): void {
    this.#ended = true
    // What heals a fault when its time is up goes on.
    for (const pid of leftovers(this.#content, { watchdogs: false })) kill(pid, 'SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
    // A fault in somebody's database cannot be healed at once, nor a container removed: the next start reads it from here.
    if (!this.#content.faults?.length && !this.#content.engines?.length) rmSync(this.#file, { force: true })
  }

  #write(): void {
    write(this.#file, this.#content)
  }
}

/** Whole or not at all: another start may be reading it. */
function write(file: string, content: LeaseFile): void {
  writeFileSync(`${file}.part`, JSON.stringify(content), { mode: 0o600 })
  renameSync(`${file}.part`, file)
}

/**
 * Whoever may write here has us end any process of ours, remove any folder and run any command at our next start.
 * @throws HarnessError `LEASES_NOT_OURS`
 */
function assertOurs(parent: string): void {
  const found = lstatSync(parent, { throwIfNoEntry: false })
  if (!found || !process.getuid) return
  if (found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o022) === 0) return
  throw new HarnessError(
    'LEASES_NOT_OURS',
    `${parent}, where runs are written down that must be cleaned up, can be written by others`,
    `see whose it is (ls -ld ${parent}) and remove it, or point TMPDIR at a folder of your own`,
  )
}

/**
 * Cleans up after runs whose harness is gone. Returns a sentence for each.
 * @throws HarnessError `LEASES_NOT_OURS`
 */
export async function sweep(parent = leaseFolder()): Promise<string[]> {
  assertOurs(parent)
  const said: string[] = []
  for (const name of fileNames(parent)) {
    const [, checker] = /^check-(\d+)$/.exec(name) ?? []
    if (checker !== undefined && !isAlive(Number(checker))) rmSync(path.join(parent, name), { recursive: true, force: true })
  }
  for (const name of fileNames(parent).filter((candidate) => candidate.endsWith('.json'))) {
    const file = path.join(parent, name)
    const content = read(file) ?? nameless(parent, path.basename(name, '.json'))
    if (lives(content)) continue
    const { said: healed, open } = await healAll(content)
    const { processes, containers, problems } = await clear(content, { watchdogs: open.length === 0 })
    rmSync(`${file}.part`, { force: true })
    // What is still broken outside is tried again by the next start, and by its watchdog when its time is up; containers as well.
    if (open.length === 0 && problems.length === 0) rmSync(file, { force: true })
    else write(file, { ...content, faults: open })
    const ended = [count(processes, 'process', 'processes'), ...(containers > 0 ? [count(containers, 'container', 'containers')] : [])]
    said.push(
      ...healed,
      `cleaned up after run ${content.run}, which was killed: ended ${ended.join(' and ')}, removed its folder`,
      ...problems.map((problem) => `${problem}; or forget them: rm ${file}`),
    )
  }
  for (const name of fileNames(parent).filter((candidate) => candidate.endsWith('.json.part'))) dropPart(path.join(parent, name))
  return said
}

function lives({ harness }: LeaseFile): boolean {
  return isAlive(harness.pid) && startOf(harness.pid) === harness.started
}

/** Of a run that was killed while it wrote its first lease, before it had started anything. One that is unreadable may be in the making. */
function dropPart(file: string): void {
  const content = read(file)
  const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
  if (content ? !lives(content) : Date.now() - writtenMs > PART_MS) rmSync(file, { force: true })
}

type LeasedFaults = NonNullable<LeaseFile['faults']>

/** Undoes what a killed run had broken, the newest first; a sentence for each fault, and those outside of it that are still there. */
async function healAll({ run, faults = [] }: LeaseFile): Promise<{ said: string[]; open: LeasedFaults }> {
  const said: string[] = []
  const open = new Set<LeasedFaults[number]>()
  for (const fault of faults.toReversed()) {
    const { remedies } = fault
    for (const { started, ...remedy } of remedies) {
      const alive = (pid: number) => isAlive(pid) && startOf(pid) === started
      const what = placeOf(remedy)
      await carryOut(remedy as Remedy, alive).then(
        () => said.push(`healed a fault that run ${run}, which was killed, had left in ${what}`),
        (error: HarnessError) => {
          said.push(`a fault that run ${run} had left in ${what} was not healed: ${error.message}. ${error.hint}`)
          if (remedy.do === 'command' || remedy.do === 'http') open.add(fault)
        },
      )
    }
  }
  return { said, open: faults.filter((fault) => open.has(fault)) }
}

function placeOf(remedy: Remedy): string {
  if (remedy.do === 'command') return 'the target'
  if (remedy.do === 'http') return new URL(remedy.url).host
  return remedy.do === 'signal' ? `process ${remedy.pid}` : remedy.do === 'sql' ? 'a database' : 'a Redis'
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
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
    const content = JSON.parse(readFileSync(file, 'utf8')) as LeaseFile | null
    return content?.run && content.folder && content.harness && Array.isArray(content.processes) ? content : undefined
  } catch {
    return undefined
  }
}
