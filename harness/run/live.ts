// Follows raw/load.ndjson, or those of several generators, while they grow: the run's start, and the figures of the live line. Judging reads the file anew.
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { LoadLine } from '../history/event.ts'

const LOOK_EVERY_MS = 100
const CHUNK_BYTES = 1 << 20
/** Latencies kept for the live p95: the newest ones. */
const LATENCIES_KEPT = 500

/** Counts since the start, and the p95 of the newest answers, ms. */
export interface LiveFigures {
  offered: number
  ok: number
  refused: number
  failed: number
  p95Ms: number
}

export class LiveFile implements AsyncDisposable {
  /** Wall-clock ms at which the generator began its timeline. */
  readonly started: Promise<number>
  readonly #stop = new AbortController()
  readonly #counts = { offered: 0, ok: 0, refused: 0, failed: 0 }
  readonly #sentAt = new Map<string, number>()
  readonly #latencies: number[] = []
  readonly #done: Promise<unknown>
  #resolveStarted: (t0Ms: number) => void = () => undefined

  constructor(files: readonly string[]) {
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve
    })
    this.#done = Promise.all(files.map((file) => this.#follow(file)))
  }

  get figures(): LiveFigures {
    const sorted = this.#latencies.toSorted((a, b) => a - b)
    return { ...this.#counts, p95Ms: sorted[Math.floor(sorted.length * 0.95)] ?? 0 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #follow(file: string): Promise<void> {
    const { signal } = this.#stop
    let handle: FileHandle | undefined
    let rest = ''
    let position = 0
    try {
      for (;;) {
        // Looked at before reading: what was written until the stop is still read, to the end.
        const last = signal.aborted
        handle ??= await open(file).catch(() => undefined)
        const { bytesRead, buffer } = (await handle?.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position)) ?? {
          bytesRead: 0,
          buffer: Buffer.alloc(0),
        }
        position += bytesRead
        const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) this.#take(line)
        if (bytesRead === CHUNK_BYTES) continue
        if (last) break
        await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
      }
    } finally {
      await handle?.close()
    }
  }

  #take(text: string): void {
    let line: LoadLine
    try {
      line = JSON.parse(text) as LoadLine
    } catch {
      return
    }
    const counts = this.#counts
    if (line.kind === 'start') {
      this.#resolveStarted(line.atMs)
    } else if (line.kind === 'send') {
      counts.offered++
      this.#sentAt.set(line.call, line.sentAtMs)
    } else if (line.kind === 'end') {
      this.#latency(line.endedAtMs - (this.#sentAt.get(line.call) ?? line.endedAtMs))
      this.#sentAt.delete(line.call)
      if (line.status === 429 || line.status === 503) counts.refused++
      else if (line.status === 200 && !line.isError && line.rpcCode === undefined) counts.ok++
      else counts.failed++
    }
  }

  #latency(ms: number): void {
    this.#latencies.push(ms)
    if (this.#latencies.length > LATENCIES_KEPT) this.#latencies.shift()
  }
}
