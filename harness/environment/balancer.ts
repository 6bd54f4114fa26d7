// A small round-robin TCP balancer before several instances of the server: what any cluster has, and without which a killed,
// draining or frozen instance would mean nothing. Each connection goes to the next instance that says it is ready
// (rotation.ts has the rules, carry.ts what happens to open connections). It reads no HTTP: the instance that answered says so
// itself, in a response header.
// Figures: readiness asked every 250 ms, answered within 1 s, silent twice → out: a frozen instance is out within 2.5 s.
// What it does not model: HTTP retries, TLS, weights, sticky sessions, a balancer that fails itself.
import type { Change, State } from './balancer/rotation.ts'
import type { Keeper } from './service.ts'
import { startWorker, type Worker } from './worker.ts'

export interface BalancedInstance {
  instance: number
  /** `host:port` of its endpoint. */
  address: string
  /** 2xx: takes new connections; another answer: drains. */
  readyUrl: string
}

export interface BalancerOptions {
  keeper: Keeper
  instances: BalancedInstance[]
  /** Without it a free one. */
  port?: number
  signal: AbortSignal
}

export class Balancer implements AsyncDisposable {
  readonly #worker: Worker

  constructor(worker: Worker) {
    this.#worker = worker
  }

  /** `127.0.0.1:port` that clients call. */
  get address(): string {
    return this.#worker.address
  }

  get pid(): number {
    return this.#worker.pid
  }

  get running(): boolean {
    return this.#worker.running
  }

  /** By instance. */
  states(): Promise<Record<number, State>> {
    return this.#worker.order('states')
  }

  /** Open connections by instance. */
  counts(): Promise<Record<number, number>> {
    return this.#worker.order('counts')
  }

  /** Who went out, was drained or came back, in order; the first 1,000. */
  changes(): Promise<Change[]> {
    return this.#worker.order('changes')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]()
  }
}

/** @throws HarnessError `WORKER_FAILED` */
export async function startBalancer({ keeper, instances, port = 0, signal }: BalancerOptions): Promise<Balancer> {
  return new Balancer(await startWorker({ keeper, name: 'balancer', file: 'balancer/main.ts', settings: { port, instances }, signal }))
}
