// One instance of the server under test: a process group (or a container), which faults may signal, kill and start again.
// Signals go to the whole group, so that `npm start` and what it starts end together.
// What this does not model: a supervisor that restarts what died by itself; that is the fault's or the scenario's to do.
import { setTimeout as pause } from 'node:timers/promises'
import { groupMembers } from './process-group.ts'
import type { Exit, Vessel } from './service.ts'

const POLL_MS = 25

/** A vessel whose signals reach all that the command started. */
export interface ServerVessel extends Vessel {
  /** Nothing of it is left. */
  gone(): Promise<boolean>
}

export class ServerInstance implements AsyncDisposable {
  /** From 1 on. */
  readonly instance: number
  readonly #launch: (signal?: AbortSignal) => Promise<ServerVessel>
  readonly #listeners: ((exit: Exit) => void)[] = []
  #vessel: ServerVessel
  /** We have told it to end: its end is no finding. */
  #told = false

  constructor(vessel: ServerVessel, instance: number, launch: (signal?: AbortSignal) => Promise<ServerVessel>) {
    this.instance = instance
    this.#launch = launch
    this.#vessel = vessel
    this.#watch(vessel)
  }

  /** Also the number of its process group; another one after a restart. */
  get pid(): number {
    return this.#vessel.pid
  }

  get running(): boolean {
    return this.#vessel.running
  }

  /** Settles when the command has ended; what it left running in the group is not waited for. */
  get exited(): Promise<Exit> {
    return this.#vessel.exited
  }

  /** Nothing of its group runs any more: a shell that has ended may have left the server itself. */
  async hasGone(): Promise<boolean> {
    return !this.running && (await this.#vessel.gone())
  }

  /** Tells of each end that nobody asked for. */
  whenDied(tell: (exit: Exit) => void): void {
    this.#listeners.push(tell)
  }

  /** To all of its processes; false when there are none left. */
  async signal(name: NodeJS.Signals): Promise<boolean> {
    if (['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGKILL', 'SIGABRT'].includes(name)) this.#told = true
    return await this.#vessel.signal(name)
  }

  /** SIGKILL. Resolves once nothing of it runs. */
  async kill(): Promise<void> {
    await this.#goneAfter('SIGKILL', 5_000)
  }

  /** Ends what is left of it and starts it anew: same command, settings, ports and log. Ready when this resolves. */
  async restart(): Promise<void> {
    await this.stop()
    this.#vessel = await this.#launch()
    this.#told = false
    this.#watch(this.#vessel)
  }

  /** SIGTERM, and SIGKILL to what is left after `graceMs`. Resolves once nothing of it runs; twice is harmless. */
  async stop(graceMs = 5_000): Promise<void> {
    if (await this.#goneAfter('SIGTERM', graceMs)) return
    await this.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #watch(vessel: ServerVessel): void {
    void vessel.exited.then((exit) => {
      if (!this.#told) for (const tell of this.#listeners) tell(exit)
    })
  }

  async #goneAfter(signal: NodeJS.Signals, limitMs: number): Promise<boolean> {
    const endsAtMs = performance.now() + limitMs
    if (!(await this.signal(signal))) return true
    // One that is frozen hears nothing else.
    await this.signal('SIGCONT')
    do {
      if (await this.hasGone()) return true
      await pause(POLL_MS)
    } while (performance.now() < endsAtMs)
    return false
  }
}

/** Signals to a process group, Windows: to the process. */
export function groupVessel(child: Omit<Vessel, 'signal'>): ServerVessel {
  return {
    pid: child.pid,
    exited: child.exited,
    get running() {
      return child.running
    },
    signal: (name) => sent(process.platform === 'win32' ? child.pid : -child.pid, name),
    stop: (signal, graceMs) => child.stop(signal, graceMs),
    gone: async () => (await groupMembers(child.pid)).length === 0,
  }
}

function sent(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
