// A service's program in a container instead of a local process: the same vessel, so that whoever signals, crashes or restarts it
// need not know. Signals reach its first process through the engine, and where that is a shell the
// others too. It shares the machine's network and listens on loopback, as a local process would:
// the proxy stands before it in the same way. Labelled with the run, so that leftovers are found.
// What this does not model: a network, a disk or cores of its own; an engine on another machine.
import { setTimeout as pause } from 'node:timers/promises'
import { HarnessError } from '../errors.ts'
import { outsidePid } from './container-process.ts'
import { type Engine, RUN_LABEL } from './engine.ts'
import type { ServerVessel } from './server-instance.ts'
import type { Exit, Keeper } from './service.ts'

const POLL_MS = 50
const READY_LIMIT_MS = 60_000

export interface ContainerOptions {
  engine: Engine
  keeper: Keeper
  image: string
  command: string[]
  env?: Record<string, string>
  /** Folders of this machine that it may read, at the same path. */
  folders?: string[]
  cwd?: string
  /** Its first process is a shell, which passes no signal on and, being first, does not end by one either: signals go to all in it. */
  shell?: boolean
  /** One attempt to find out whether it serves. */
  ready: (vessel: ContainerVessel) => Promise<boolean>
  readyWithinMs?: number | undefined
  signal: AbortSignal
}

export class ContainerVessel implements ServerVessel {
  readonly engine: Engine
  readonly id: string
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #shell: boolean
  #running = true

  constructor(engine: Engine, id: string, pid: number, shell = false) {
    this.engine = engine
    this.#shell = shell
    this.id = id
    this.pid = pid
    this.exited = engine.ended(id).then(exitOf, () => ({ code: null, signal: null }))
    void this.exited.then(() => (this.#running = false))
  }

  get running(): boolean {
    return this.#running
  }

  async signal(name: NodeJS.Signals): Promise<boolean> {
    if (!this.#running) return false
    // With its first process all of a container ends.
    if (this.#shell && name !== 'SIGKILL') await this.engine.run(this.id, ['sh', '-c', `kill -s ${name.slice('SIG'.length)} -- -1`])
    return await this.engine.kill(this.id, name)
  }

  signalInside(pid: number, name: NodeJS.Signals): boolean {
    const outside = this.#running ? outsidePid(this.pid, pid) : undefined
    return outside !== undefined && process.kill(outside, name)
  }

  async stop(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    if (!(await this.signal(signal))) return
    // One that is frozen hears nothing else.
    await this.signal('SIGCONT')
    const grace = new AbortController()
    await Promise.race([this.exited, pause(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)])
    grace.abort()
    if (this.#running) await this.signal('SIGKILL')
    await this.exited
  }

  /** With its first process all of a container ends. */
  async gone(): Promise<boolean> {
    return !this.#running
  }
}

function exitOf(code: number | null): Exit {
  const signals: Record<number, NodeJS.Signals> = { 137: 'SIGKILL', 143: 'SIGTERM', 131: 'SIGQUIT', 130: 'SIGINT' }
  const signal = signals[code ?? 0]
  return signal ? { code: null, signal } : { code, signal: null }
}

/**
 * Makes and starts it; called again, starts the same one anew, with its data. Resolves once it
 * serves, within 60 s unless it may take longer.
 * @throws HarnessError `CONTAINER_DID_NOT_START` with its last lines
 */
export function containerLauncher(options: ContainerOptions): (signal?: AbortSignal) => Promise<ContainerVessel> {
  const { engine, image, ready, shell, readyWithinMs = READY_LIMIT_MS } = options
  let id: string | undefined
  return async (signal = AbortSignal.timeout(readyWithinMs)) => {
    signal.throwIfAborted()
    if (id === undefined) id = await made(options)
    else await engine.start(id)
    const vessel = new ContainerVessel(engine, id, (await engine.state(id)).pid, shell)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(readyWithinMs)])
    while (vessel.running && !limit.aborted) {
      if (await ready(vessel)) return vessel
      await pause(POLL_MS)
    }
    const lines = (await engine.lastLines(id)).trim().split('\n').join('\n  ')
    await engine.remove(id)
    signal.throwIfAborted()
    throw new HarnessError('CONTAINER_DID_NOT_START', `a container of ${image} did not serve:\n  ${lines}`, `docker run --rm -it ${image}`)
  }
}

async function made({ engine, keeper, image, command, env = {}, folders = [], cwd }: ContainerOptions): Promise<string> {
  // On disk before there is anything to forget.
  keeper.engine?.(engine.host)
  // Our own lease does what its reaper is for, and needs no image of its own.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true'
  process.env.DOCKER_HOST = engine.host
  // Not to be guessed from a network: containers share this machine's.
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1'
  // Only now: it takes longer to load than a local run to start.
  const { GenericContainer } = await import('testcontainers')
  const container = new GenericContainer(image)
    .withCommand(command)
    .withEnvironment({ ...env, STAMPEDE_RUN: keeper.run })
    .withLabels({ [RUN_LABEL]: keeper.run })
    .withNetworkMode('host')
    .withBindMounts(folders.map((folder) => ({ source: folder, target: folder, mode: 'ro' })))
  if (cwd !== undefined) container.withWorkingDir(cwd)
  try {
    return (await container.start()).getId()
  } catch (cause) {
    const hint = `docker pull ${image}, or leave --containers out`
    throw new HarnessError('CONTAINER_DID_NOT_START', `${image} cannot be run: ${(cause as Error).message}`, hint, cause)
  }
}
