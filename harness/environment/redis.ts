// A Redis of the run's own: empty, in memory, on loopback, gone at the end. npm has no package with its program: set-up finds
// or fetches one.
// What this does not model: persistence (off), a cluster, a replica, TLS.
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { HarnessError } from '../errors.ts'
import { hostAndPort, measured } from './canary.ts'
import { type Child, startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { runIdOf } from './redis-identity.ts'
import type { Canary, Keeper, Link, Service, Vessel } from './service.ts'

const START_LIMIT_MS = 10_000

export class RedisService implements Service {
  readonly address: string
  readonly version: string
  readonly #launch: () => Promise<Vessel>
  #vessel: Vessel
  #runId = ''

  constructor(vessel: Vessel, port: number, version: string, launch: () => Promise<Vessel>) {
    this.#vessel = vessel
    this.#launch = launch
    this.address = `127.0.0.1:${port}`
    this.version = version
  }

  /** Its identity: faults touch only the Redis that says so too. Another one after a restart. */
  get runId(): string {
    return this.#runId
  }

  /** Another one after a restart. */
  get pid(): number {
    return this.#vessel.pid
  }

  get running(): boolean {
    return this.#vessel.running
  }

  /** False when it has gone. */
  async signal(name: NodeJS.Signals): Promise<boolean> {
    return await this.#vessel.signal(name)
  }

  /** SIGKILL: connections are reset, what it held is gone. Resolves once it is. */
  async crash(): Promise<void> {
    await this.#vessel.stop('SIGKILL', 5_000)
  }

  /** Empty, on the same port, ready again when this resolves; harmless while it runs. */
  async restart(): Promise<void> {
    if (this.running) return
    this.#vessel = await this.#launch()
    await this.identify()
  }

  /** Asks it who it is. */
  async identify(): Promise<this> {
    this.#runId = (await runIdOf(this.address)) ?? ''
    return this
  }

  /** A fresh connection through the link's canary door, then PING: the round trip is that of the PING alone; at most 5 s. */
  async canary(link: Link, signal?: AbortSignal): Promise<Canary> {
    return await measured(signal, (stop) => ping(link.canaryAddress, stop))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vessel.stop('SIGTERM', 2_000)
  }
}

export interface RedisOptions {
  keeper: Keeper
  signal: AbortSignal
  /** Path of redis-server. */
  program: string
}

/** @throws HarnessError `REDIS_DID_NOT_START` with its last lines */
export async function startRedis({ keeper, signal, program }: RedisOptions): Promise<RedisService> {
  signal.throwIfAborted()
  const port = await freePort()
  const folder = path.join(keeper.folder, `redis-${port}`)
  await mkdir(folder, { mode: 0o700 })
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', daemonize: 'no' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const launch = async (stop = AbortSignal.timeout(START_LIMIT_MS)): Promise<Child> => {
    const child = await startChild({ keeper, name: 'redis', file: program, args, cwd: folder })
    try {
      await child.said(/ready to accept connections/i, START_LIMIT_MS, stop)
      return child
    } catch (cause) {
      await child.stop('SIGTERM', 1_000)
      signal.throwIfAborted()
      throw refused(child, program, port, cause)
    }
  }
  const child = await launch(signal)
  const version = /version=([\d.]+)/.exec(child.lastLines(100).join('\n'))?.[1] ?? 'unknown'
  // A restart heals a fault: it is done even when the run has been stopped.
  return await new RedisService(child, port, version, launch).identify()
}

function refused(child: Child, program: string, port: number, cause: unknown): HarnessError {
  const lines = child.lastLines().join('\n  ')
  const hint = `try it by hand: ${program} --port ${port}`
  return new HarnessError('REDIS_DID_NOT_START', `Redis (${program}) did not start:\n  ${lines}`, hint, cause)
}

function ping(address: string, stop: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...hostAndPort(address), noDelay: true, signal: stop })
    let begunMs = 0
    socket.once('connect', () => {
      begunMs = performance.now()
      socket.write('PING\r\n')
    })
    socket.once('data', (answer) => {
      const roundTripMs = performance.now() - begunMs
      socket.destroy()
      if (answer.toString().startsWith('+PONG')) resolve(roundTripMs)
      else reject(new Error(answer.toString().trim()))
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}
