// An HTTP API that the server calls: `GET /rate?base=EUR&quote=USD` → `{ base, quote, rate }`. It can misbehave as real ones do:
// errors, 429 with Retry-After, silence, a body that trickles. When a behaviour ends, hung requests are closed and trickled
// bodies finished at once, so that the end is sharp.
// What it does not model: its own slowness under load, TLS, an API whose answers change.
import type { Hit, Toxic, UpstreamBehaviour, UpstreamService } from './service.ts'
import { startWorker, type Work, type Worker, type WorkerOptions } from './worker.ts'

export const UPSTREAM: Work = { name: 'upstream', file: 'upstream/main.ts', settings: {} }

export class Upstream implements UpstreamService {
  readonly version = 'stub'
  readonly #worker: Worker
  #taken = 0
  #behaviours = 0

  constructor(worker: Worker) {
    this.#worker = worker
  }

  get address(): string {
    return this.#worker.address
  }

  get pid(): number {
    return this.#worker.pid
  }

  async behave(behaviour: UpstreamBehaviour): Promise<Toxic> {
    const id = ++this.#behaviours
    // A stub that has gone took its behaviours with it.
    const remove = async () => (this.#worker.running ? await this.#worker.order('remove', { id }) : undefined)
    try {
      await this.#worker.order('behave', { id, behaviour })
    } catch (error) {
      // An order that was given up may be carried out yet, and would then stay.
      await remove().catch(() => undefined)
      throw error
    }
    return { remove }
  }

  async hits(): Promise<number> {
    return (await this.#worker.order<{ server: number }>('counts')).server
  }

  async takeHits(): Promise<Hit[]> {
    const hits = await this.#worker.order<Hit[]>('hitsFrom', { from: this.#taken })
    this.#taken += hits.length
    return hits
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]()
  }
}

/** @throws HarnessError `WORKER_FAILED` */
export async function startUpstream(options: Pick<WorkerOptions, 'keeper' | 'signal'>): Promise<Upstream> {
  return new Upstream(await startWorker({ ...options, ...UPSTREAM }))
}
