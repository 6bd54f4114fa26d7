// A small OAuth issuer of the run's own: metadata document, key set, and tokens by client credentials for the run's agents
// (client id: the agent's name; its tenant is a claim). Keys rotate when told; paused, it refuses connections. It counts how often it is
// asked for its key set.
// What it does not model: log-in of people, refresh, introspection, encryption, TLS (it is met on loopback only).
import type { Client } from './identity-provider/issuer.ts'
import type { IdentityProviderService } from './service.ts'
import { startWorker, type Work, type Worker, type WorkerOptions } from './worker.ts'

export function identityProviderFor(clients: Client[]): Work {
  return { name: 'identity-provider', file: 'identity-provider/main.ts', settings: { clients } }
}

export class IdentityProvider implements IdentityProviderService {
  readonly version = 'stub'
  readonly #worker: Worker
  #issuer: string

  constructor(worker: Worker) {
    this.#worker = worker
    this.#issuer = `http://${worker.address}`
  }

  get address(): string {
    return this.#worker.address
  }

  get pid(): number {
    return this.#worker.pid
  }

  get issuer(): string {
    return this.#issuer
  }

  /** Its name and the addresses in its documents: those of the link before it, so that the server's way to it can be broken. */
  async publish(address: string): Promise<void> {
    const url = `http://${address}`
    await this.#worker.order('publish', { url })
    this.#issuer = url
  }

  async rotateKeys(forget = false): Promise<void> {
    await this.#worker.order('rotate', { forget })
  }

  async pause(): Promise<void> {
    await this.#worker.order('pause')
  }

  async resume(): Promise<void> {
    await this.#worker.order('resume')
  }

  async keySetRequests(): Promise<number> {
    return (await this.#worker.order<{ keySet: number }>('counts')).keySet
  }

  async token(claims: Record<string, unknown>): Promise<string> {
    return await this.#worker.order('token', claims)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]()
  }
}

/** @throws HarnessError `WORKER_FAILED` */
export async function startIdentityProvider({
  clients,
  ...options
}: Pick<WorkerOptions, 'keeper' | 'signal'> & { clients: Client[] }): Promise<IdentityProvider> {
  return new IdentityProvider(await startWorker({ ...options, ...identityProviderFor(clients) }))
}
