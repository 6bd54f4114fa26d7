// An engine for tests: its clock jumps from one event to the next, so that minutes of an agent's life take no time and the same
// test sees the same milliseconds everywhere. The test says how each call is answered.
import type { EndLine, LoadLine, SendLine } from '../history/load-line.ts'
import type { Engine } from './engine.ts'
import type { RawAnswer } from './evidence.ts'
import type { WireRequest } from './request.ts'

/** How a call is answered: after so long, with what. Without a status: a fine answer. */
export interface Reply {
  afterMs: number
  status?: number
  transport?: NonNullable<RawAnswer['transport']>
  headers?: Record<string, string>
  /** The message's `result` or `error`. */
  message?: object
}

const EVENTS_MAX = 100_000

export class VirtualEngine implements Engine {
  readonly lines: LoadLine[] = []
  readonly requests: (WireRequest & { atMs: number })[] = []
  #nowMs = 0
  #timers: { atMs: number; fire: () => void }[] = []
  readonly #reply: (request: WireRequest, position: number) => Reply

  constructor(reply: (request: WireRequest, position: number) => Reply = () => ({ afterMs: 10 })) {
    this.#reply = reply
  }

  get sends(): SendLine[] {
    return this.lines.filter((line) => line.kind === 'send')
  }

  get ends(): EndLine[] {
    return this.lines.filter((line) => line.kind === 'end')
  }

  nowMs(): number {
    return this.#nowMs
  }

  wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#timers.push({ atMs: this.#nowMs + ms, fire: resolve })
    })
  }

  async post(request: WireRequest, timeoutMs: number): Promise<RawAnswer> {
    this.requests.push({ body: request.body, headers: { ...request.headers }, atMs: this.#nowMs })
    const reply = this.#reply({ ...request, headers: { ...request.headers } }, this.requests.length - 1)
    if (reply.afterMs >= timeoutMs) {
      await this.wait(timeoutMs)
      return { status: 0, transport: 'timeout', header: () => undefined, body: '' }
    }
    await this.wait(reply.afterMs)
    if (reply.transport) return { status: 0, transport: reply.transport, header: () => undefined, body: '' }
    const { id } = JSON.parse(request.body) as { id: string }
    const message = reply.message ?? { result: { content: [] } }
    const headers: Record<string, string> = { 'content-type': 'application/json', ...reply.headers }
    return {
      status: reply.status ?? 200,
      header: (name) => headers[name.toLowerCase()],
      body: JSON.stringify({ jsonrpc: '2.0', id, ...message }),
    }
  }

  write(line: string): void {
    this.lines.push(JSON.parse(line) as LoadLine)
  }

  /** Lets time pass until the work is done. Fails when nothing is left that could finish it. */
  async run(work: Promise<unknown>): Promise<void> {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    for (let events = 0; events < EVENTS_MAX; events++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (done) return void (await settled)
      this.#timers.sort((a, b) => a.atMs - b.atMs)
      const next = this.#timers.shift()
      if (!next) throw new Error(`stuck at ${this.#nowMs} ms: nothing is left to happen`)
      this.#nowMs = next.atMs
      next.fire()
    }
    throw new Error(`not done after ${EVENTS_MAX} events`)
  }
}
