// k6's own REST interface, on a loopback port: is it paused (all agents made, files read), and go.
import { setTimeout as wait } from 'node:timers/promises'

const LOOK_EVERY_MS = 20
const ANSWER_WITHIN_MS = 5_000

/** Execution status of k6 once all VUs are made and it waits to be un-paused. */
const PAUSED_BEFORE_RUN = 4

export class Control {
  readonly #url: string

  /** @param address `127.0.0.1:port` */
  constructor(address: string) {
    this.#url = `http://${address}/v1/status`
  }

  /** Resolves once k6 has made its agents and waits. Rejects when the signal is aborted. */
  async paused(signal: AbortSignal): Promise<void> {
    while (!(await this.#isPaused(signal))) await wait(LOOK_EVERY_MS, undefined, { signal })
  }

  async go(signal: AbortSignal): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ data: { type: 'status', id: 'default', attributes: { paused: false } } }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    if (!response.ok) throw new Error(`k6 answered ${response.status}: ${await response.text()}`)
    await response.arrayBuffer()
  }

  async #isPaused(signal: AbortSignal): Promise<boolean> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]) })
      const { data } = (await response.json()) as { data: { attributes: { status: number; paused: boolean } } }
      return data.attributes.paused && data.attributes.status === PAUSED_BEFORE_RUN
    } catch (error) {
      signal.throwIfAborted()
      // Not listening yet.
      if (error instanceof TypeError) return false
      throw error
    }
  }
}
