// The collector as its callers see it, and a clock measured against its own: several questions, the quickest answer counts, since the
// collector read its clock somewhere between the question and the answer (Cristian 1989).

import type { ClockOffset } from '../history/fleet.ts'
import type { GeneratorLine } from '../history/raw-line.ts'
import type { CollectorStatus } from './collector.ts'

const ANSWER_MS = 30_000

/** What is said of oneself; the collector adds when. */
export type Said = Omit<GeneratorLine, 'kind' | 'atMs'>

export class CollectorClient {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/$/, '')
    this.#headers = { authorization: `Bearer ${token}` }
  }

  /** @param questions asked one after the other */
  async clock(questions: number, signal: AbortSignal): Promise<ClockOffset> {
    let best: ClockOffset = { offsetMs: 0, uncertaintyMs: Number.POSITIVE_INFINITY }
    for (let n = 0; n < questions; n++) {
      // Monotonic: a step of the wall clock in the middle would hide itself.
      const [wallMs, beforeMs] = [Date.now(), performance.now()]
      const { atMs } = await this.#json<{ atMs: number }>('GET', '/clock', undefined, signal)
      const tookMs = performance.now() - beforeMs
      // Whole milliseconds on both sides.
      const uncertaintyMs = tookMs / 2 + 1
      if (uncertaintyMs < best.uncertaintyMs) best = { offsetMs: atMs - (wallMs + tookMs / 2), uncertaintyMs }
    }
    return best
  }

  async say(said: Said, signal: AbortSignal): Promise<void> {
    await this.#json('POST', '/said', JSON.stringify({ kind: 'generator', ...said }), signal)
  }

  /** @returns how many bytes the collector has now: more or fewer than expected when it had another number before */
  async append(part: number, offset: number, chunk: Uint8Array, signal: AbortSignal): Promise<number> {
    const { bytes } = await this.#json<{ bytes: number }>('PUT', `/parts/${part}?offset=${offset}`, chunk, signal, [409])
    return bytes
  }

  status(signal: AbortSignal): Promise<CollectorStatus> {
    return this.#json<CollectorStatus>('GET', '/status', undefined, signal)
  }

  /** What it has of a file from there on, at most a chunk; empty at its end. */
  async read(name: string, offset: number, signal: AbortSignal): Promise<Buffer> {
    const response = await this.#ask('GET', `/files/${name}?offset=${offset}`, undefined, signal)
    if (!response.ok) throw new Error(`the collector answered ${response.status} to ${name}`)
    return Buffer.from(await response.arrayBuffer())
  }

  async #json<T>(
    method: string,
    path: string,
    body: string | Uint8Array | undefined,
    signal: AbortSignal,
    fine: number[] = [],
  ): Promise<T> {
    const response = await this.#ask(method, path, body, signal)
    const text = await response.text()
    if (!response.ok && !fine.includes(response.status)) throw new Error(`the collector answered ${response.status}: ${text.slice(0, 200)}`)
    return JSON.parse(text) as T
  }

  #ask(method: string, path: string, body: string | Uint8Array | undefined, signal: AbortSignal): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      method,
      headers: this.#headers,
      ...(body !== undefined && { body: body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
  }
}
