// The way from the harness to the collector in the cluster.
import { setTimeout as wait } from 'node:timers/promises'
import type { Keeper } from '../../environment/service.ts'
import { HarnessError } from '../../errors.ts'
import { CollectorClient } from '../collector-client.ts'
import { COLLECTOR_PORT, RUN_LABEL } from './fleet-spec.ts'
import type { Forward, Kubectl } from './kubectl.ts'

/** An image may have to be fetched first. */
const COLLECTOR_WITHIN_MS = 180_000
const FORWARD_MS = 30_000
const FIRST_ANSWER_MS = 3_000
const LOOK_EVERY_MS = 250

export interface WayOptions {
  kubectl: Kubectl
  /** Without it by port-forward. */
  collectorUrl?: string
}

/** To the collector: straight, or by a port-forward that is made again when it breaks. */
export class Way implements Disposable {
  readonly #cluster: WayOptions
  readonly #options: { run: string; keeper: Keeper; signal: AbortSignal }
  readonly #token: string
  #forward: Forward | undefined

  constructor(cluster: WayOptions, options: { run: string; keeper: Keeper; signal: AbortSignal }, token: string) {
    this.#cluster = cluster
    this.#options = options
    this.#token = token
  }

  async client(): Promise<CollectorClient> {
    const { collectorUrl, kubectl } = this.#cluster
    if (collectorUrl !== undefined) return new CollectorClient(collectorUrl, this.#token)
    if (!this.#forward || this.#forward.gone) {
      this.#forward = await kubectl.forward(`job/${this.#options.run}-collector`, COLLECTOR_PORT, AbortSignal.timeout(FORWARD_MS))
      this.#options.keeper.process(this.#forward.pid, 'kubectl')
    }
    return new CollectorClient(this.#forward.url, this.#token)
  }

  /** @throws HarnessError `COLLECTOR_NOT_REACHED` */
  async reached(): Promise<void> {
    const { signal } = this.#options
    const untilMs = Date.now() + COLLECTOR_WITHIN_MS
    for (;;) {
      try {
        await (await this.client()).status(AbortSignal.any([signal, AbortSignal.timeout(FIRST_ANSWER_MS)]))
        return
      } catch (error) {
        signal.throwIfAborted()
        if (Date.now() > untilMs)
          throw new HarnessError(
            'COLLECTOR_NOT_REACHED',
            `the collector was not reached within ${COLLECTOR_WITHIN_MS / 1_000} s: ${(error as Error).message}`,
            `look at it: ${this.#cluster.kubectl.shown('describe', 'pods', '-l', `${RUN_LABEL}=${this.#options.run}`)}`,
            error,
          )
        this[Symbol.dispose]()
        await wait(LOOK_EVERY_MS, undefined, { signal })
      }
    }
  }

  [Symbol.dispose](): void {
    this.#forward?.[Symbol.dispose]()
    this.#forward = undefined
  }
}
