// Brings what the collector has into the run's own folder while it grows, so that the run's live figures, its clock and its judging read it
// as they read a generator's file on this machine. Measures the harness's own clock against the collector's too: the generators' are
// measured against the same.
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { clockOffsets } from '../history/fleet.ts'
import { loadFileNames } from '../history/load-files.ts'
import type { LoadLine } from '../history/load-line.ts'
import type { GeneratorLine } from '../history/raw-line.ts'
import type { CollectorClient } from './collector-client.ts'

const LOOK_EVERY_MS = 250
const CLOCK_EVERY_MS = 5_000
const QUESTIONS = 8
/** Enough for a start line. */
const HEAD_CHARACTERS = 500

interface Copy {
  name: string
  handle: FileHandle
  offset: number
  /** The first characters: the start line. */
  head: string
}

export interface MirrorOptions {
  /** Asked anew each time: the way there may have changed. */
  collector: () => Promise<CollectorClient>
  rawFolder: string
  of: number
}

export class Mirror {
  readonly #options: MirrorOptions
  readonly #copies: Copy[]
  readonly #said: Copy
  readonly #own: GeneratorLine[] = []
  #saidText = ''
  #closed = false
  #measuredAt = 0

  private constructor(options: MirrorOptions, copies: Copy[], said: Copy) {
    this.#options = options
    this.#copies = copies
    this.#said = said
  }

  static async open(options: MirrorOptions): Promise<Mirror> {
    const copy = async (name: string): Promise<Copy> => {
      return { name, handle: await open(path.join(options.rawFolder, name), 'a'), offset: 0, head: '' }
    }
    return new Mirror(options, await Promise.all(loadFileNames(options.of).map(copy)), await copy('generators.ndjson'))
  }

  /** Once round: everything new. @returns the generators that have not ended */
  async pull(signal: AbortSignal): Promise<number[]> {
    const collector = await this.#options.collector()
    if (Date.now() - this.#measuredAt >= CLOCK_EVERY_MS) await this.#measure(collector, signal)
    // Asked before the files: what had ended by then is whole in them.
    const { parts } = await collector.status(signal)
    for (const copy of [...this.#copies, this.#said]) await this.#bring(collector, copy, signal)
    return parts.flatMap(({ part, ended }) => (ended ? [] : [part]))
  }

  /** Until all have ended or the signal. What cannot be had now is asked for again. @returns those that have not ended */
  async follow(signal: AbortSignal, tell: (problem: string) => void): Promise<number[]> {
    let left = this.#copies.map((_, position) => position + 1)
    while (left.length > 0 && !signal.aborted) {
      left = await this.pull(signal).catch((error: Error) => {
        if (!signal.aborted) tell(error.message)
        return left
      })
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
    return left
  }

  /** Wall-clock ms of this machine at which the first generator began; undefined while none has. */
  get begunMs(): number | undefined {
    const lines = this.#saidText.split('\n').slice(0, -1)
    const clockOf = clockOffsets([...lines.map((line) => JSON.parse(line) as GeneratorLine), ...this.#own])
    const starts = this.#copies.flatMap(({ head }, position) => {
      const end = head.indexOf('\n')
      const line = end < 0 ? undefined : (JSON.parse(head.slice(0, end)) as LoadLine)
      return line?.kind === 'start' ? [line.atMs + (clockOf(position + 1)?.offsetMs ?? 0)] : []
    })
    return starts.length === 0 ? undefined : Math.min(...starts)
  }

  /** Writes the harness's own clock beside the generators'. Twice is harmless. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#said.handle.appendFile(this.#own.map((line) => `${JSON.stringify(line)}\n`).join(''))
    for (const { handle } of [...this.#copies, this.#said]) await handle.close()
  }

  async #measure(collector: CollectorClient, signal: AbortSignal): Promise<void> {
    const clock = await collector.clock(QUESTIONS, signal)
    this.#measuredAt = Date.now()
    this.#own.push({ kind: 'generator', atMs: this.#measuredAt, part: 0, of: this.#options.of, event: 'clock', ...clock })
  }

  async #bring(collector: CollectorClient, copy: Copy, signal: AbortSignal): Promise<void> {
    for (;;) {
      const chunk = await collector.read(copy.name, copy.offset, signal)
      if (chunk.length === 0) return
      await copy.handle.appendFile(chunk)
      copy.offset += chunk.length
      if (copy.head.length < HEAD_CHARACTERS) copy.head += chunk.toString('utf8', 0, HEAD_CHARACTERS)
      if (copy === this.#said) this.#saidText += chunk.toString('utf8')
    }
  }
}
