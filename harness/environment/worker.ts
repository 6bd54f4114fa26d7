// A program of the harness's own that a run needs beside it (balancer, upstream stub, identity provider): a process apart, so
// that neither its work delays the harness's clock nor a busy harness its answers. Orders go to its door on loopback as
// `POST /<order>` with JSON; it ends with the harness, since it holds the channel to it. Inside, worker-door.ts answers.
import path from 'node:path'
import { request } from 'undici'
import { HarnessError } from '../errors.ts'
import { startChild } from './child.ts'
import type { Keeper, Vessel } from './service.ts'

const START_LIMIT_MS = 10_000
const ORDER_LIMIT_MS = 5_000

/** What a worker is, wherever it runs. */
export interface Work {
  /** How people call it: `balancer`. */
  name: string
  /** Below this folder: `balancer/main.ts`. */
  file: string
  /** What it is told at its start; JSON. */
  settings: unknown
}

export interface WorkerOptions extends Work {
  keeper: Keeper
  signal: AbortSignal
}

export class Worker implements AsyncDisposable {
  readonly name: string
  /** `host:port` of what it serves. */
  readonly address: string
  readonly #door: string
  readonly #vessel: Vessel

  constructor(vessel: Vessel, name: string, { address, door }: Announced) {
    this.#vessel = vessel
    this.name = name
    this.address = address
    this.#door = door
  }

  get pid(): number {
    return this.#vessel.pid
  }

  get running(): boolean {
    return this.#vessel.running
  }

  /**
   * Carried out once this resolves; at most 5 s.
   * @throws HarnessError `WORKER_FAILED`
   */
  async order<T = void>(order: string, body: unknown = {}): Promise<T> {
    const options = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(ORDER_LIMIT_MS) } as const
    try {
      const answer = await request(`http://${this.#door}/${order}`, options)
      const text = await answer.body.text()
      if (answer.statusCode === 200) return JSON.parse(text) as T
      throw new Error(text)
    } catch (cause) {
      const why = this.running ? (cause as Error).message : 'it has ended'
      throw new HarnessError(
        'WORKER_FAILED',
        `the ${this.name} did not ${order}: ${why}`,
        'run it again; if it stays so, please report it',
        cause,
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vessel.stop('SIGTERM', 1_000)
  }
}

export interface Announced {
  address: string
  door: string
}

/** @throws HarnessError `WORKER_FAILED` with its last lines */
export async function startWorker({ keeper, name, file, settings, signal }: WorkerOptions): Promise<Worker> {
  signal.throwIfAborted()
  const child = await startChild({
    keeper,
    name,
    file: process.execPath,
    args: [path.join(import.meta.dirname, file)],
    env: { ...process.env, SETTINGS: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  try {
    return new Worker(child, name, announced(await child.said(/^ready \{/, START_LIMIT_MS, signal)))
  } catch (cause) {
    await child.stop('SIGKILL', 1_000)
    signal.throwIfAborted()
    throw new HarnessError('WORKER_FAILED', `the ${name} did not start:\n  ${child.lastLines().join('\n  ')}`, 'run it again', cause)
  }
}

/** The line that a worker says once it serves: `ready {"address":"127.0.0.1:…","door":"127.0.0.1:…"}`. */
export function announced(line: string): Announced {
  return JSON.parse(line.slice(line.indexOf('{'))) as Announced
}
