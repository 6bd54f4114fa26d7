// What a run has left: its lease as it stands on disk, and how everything in it is ended. Only what still matches is touched: a
// pid with its start time, a process or a container that carries the run's mark.
import { rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { Engine } from '../environment/engine.ts'
import type { Remedy } from '../environment/service.ts'
import { commandOf, isAlive, processesOf, startOf } from './process-table.ts'

export interface LeaseFile {
  run: string
  harness: LeasedProcess
  folder: string
  processes: LeasedProcess[]
  /** Addresses of container engines in which containers of this run may be: they carry its id as a label. */
  engines?: string[]
  /** What undoes the faults in force, oldest first. */
  faults?: LeasedFault[]
}

interface LeasedFault {
  number: number
  remedies: LeasedRemedy[]
}

/** Of a process it is also remembered when it began. */
type LeasedRemedy = Remedy & { started?: string }

interface LeasedProcess {
  pid: number
  name: string
  /** When the process began, as the system tells it: a number used again is another process. */
  started: string | undefined
  /** As it was when it began: for people. */
  command?: string
}

/** A process that heals a fault of the user's own when its time is up, even if nobody else can. */
const WATCHDOG = 'watchdog'

/** Long enough for Postgres to take its shared memory away with it: after 5 s it kills those of its own that do not go. */
const QUIT_MS = 10_000

export interface Cleared {
  processes: number
  containers: number
  /** What could not be cleared, in sentences. */
  problems: string[]
}

/** Ends every process and container of the run and removes its folder. */
export async function clear(content: LeaseFile, which = { watchdogs: true }): Promise<Cleared> {
  const removed = await Promise.all((content.engines ?? []).map((host) => removeContainers(new Engine(host), content.run)))
  const watchdogs = new Set(content.processes.filter(({ name }) => name === WATCHDOG).map(({ pid }) => pid))
  const first = leftovers(content, which)
  const postgres = new Set(content.processes.filter(({ name }) => name === 'postgres').map(({ pid }) => pid))
  for (const pid of first) kill(pid, 'SIGCONT')
  // The one that sleeps for it too.
  for (const pid of first) if (watchdogs.has(pid)) kill(-pid, 'SIGKILL')
  for (const pid of first) kill(pid, postgres.has(pid) ? 'SIGQUIT' : endOf(commandOf(pid)))
  const deadline = Date.now() + QUIT_MS
  while (leftovers(content, which).length > 0 && Date.now() < deadline) await wait(20)
  for (const pid of leftovers(content, which)) kill(pid, 'SIGKILL')
  rmSync(content.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  const containers = removed.reduce((sum, one) => sum + one.count, 0)
  return { processes: first.length, containers, problems: removed.flatMap(({ problem }) => problem ?? []) }
}

/** An immediate shutdown lets a postmaster end its backends and free its shared memory; a Postgres of initdb's ends with its input. */
function endOf(command: string): NodeJS.Signals {
  if (/^(\S*\/)?postgres -D /.test(command)) return 'SIGQUIT'
  return /^(\S*\/)?postgres(:|\s|$)/.test(command) ? 'SIGCONT' : 'SIGKILL'
}

async function removeContainers(engine: Engine, run: string): Promise<{ count: number; problem?: string }> {
  try {
    const ids = await engine.ofRun(run)
    await Promise.all(ids.map((id) => engine.remove(id)))
    return { count: ids.length }
  } catch {
    const command = `docker -H ${engine.host} rm -f $(docker -H ${engine.host} ps -aq --filter label=stampede.run=${run})`
    return { count: 0, problem: `containers of run ${run} may be left: no engine answers at ${engine.host}; by hand: ${command}` }
  }
}

export function leftovers(content: LeaseFile, { watchdogs = true } = {}): number[] {
  const registered = content.processes
    .filter(({ pid, started, name }) => (watchdogs || name !== WATCHDOG) && isAlive(pid) && startOf(pid) === started)
    .map(({ pid }) => pid)
  return [...new Set([...registered, ...processesOf(content.run).map(({ pid }) => pid)])]
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already.
  }
}
