// What is to be sent, bounded: one request at a time, and when the receiver is slower than the run, spans are dropped and counted, never
// waited for. A receiver that says "later" (429, 503) is asked again for a while.
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { OtlpSpan } from './encoding.ts'

const BATCH = 512
const KEPT_MAX = 20_000
const ANSWER_MS = 5_000
const TRIES = 3
const PAUSE_MS = 500

export interface Sent {
  spans: number
  dropped: number
  metrics: number
  /** What the receiver said last when it did not take something. */
  problem?: string
}

export class ExportQueue {
  readonly sent: Sent = { spans: 0, dropped: 0, metrics: 0 }
  readonly #endpoint: string
  readonly #headers: Record<string, string>
  readonly #body: (spans: readonly OtlpSpan[]) => object
  readonly #waiting: OtlpSpan[] = []
  #sending: Promise<void> | undefined

  /** @param endpoint base address: `/v1/traces` and `/v1/metrics` are put after it */
  constructor(endpoint: string, headers: Record<string, string>, body: (spans: readonly OtlpSpan[]) => object) {
    this.#endpoint = endpoint.replace(/\/$/, '')
    this.#headers = headers
    this.#body = body
  }

  add(spans: readonly OtlpSpan[], signal: AbortSignal): void {
    const room = KEPT_MAX - this.#waiting.length
    this.#waiting.push(...spans.slice(0, room))
    this.sent.dropped += Math.max(0, spans.length - room)
    if (this.#waiting.length >= BATCH) this.#sending ??= this.#send(signal)
  }

  async metrics(request: object, signal: AbortSignal): Promise<void> {
    if (await this.#post('/v1/metrics', request, 1, signal)) this.sent.metrics++
  }

  /** All that waits; what cannot be brought is dropped. */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#sending
    this.#sending = this.#send(signal)
    await this.#sending
  }

  async #send(signal: AbortSignal): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      const taken = !signal.aborted && (await this.#post('/v1/traces', this.#body(batch), TRIES, signal))
      if (taken) this.sent.spans += batch.length
      else this.sent.dropped += batch.length
    }
    this.#sending = undefined
  }

  async #post(place: string, request: object, tries: number, signal: AbortSignal): Promise<boolean> {
    const body = gzipSync(JSON.stringify(request))
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', ...this.#headers }
    for (let attempt = 1; attempt <= tries && !signal.aborted; attempt++) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
      const status = await fetch(`${this.#endpoint}${place}`, { method: 'POST', headers, body, redirect: 'manual', signal: limit }).then(
        async (response) => {
          const text = await response.text()
          if (!response.ok) this.sent.problem = `${place}: ${response.status} ${text.slice(0, 120)}`
          return response.status
        },
        (error: Error) => {
          this.sent.problem = `${place}: ${(error.cause as Error | undefined)?.message ?? error.message}`
          return 0
        },
      )
      if (status >= 200 && status < 300) return true
      if (status !== 429 && status !== 503) return false
      await wait(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
    return false
  }
}
