// One direction of a connection. While its link is calm, bytes go straight from socket to socket, as in a plain pipe. Else
// they wait as long as the toxics say and leave in the order in which they came, in the pieces and at the pace that the
// toxics allow; the end of the stream, or its reset, waits behind them. Memory is bounded: with 1 MiB or 1,024 chunks held
// (the reader stalls, or the delay is long) the sender is paused, as a full TCP window would.
import type { Socket } from 'node:net'
import type { View } from './toxics.ts'

const HELD_BYTES = 1_048_576
const HELD_CHUNKS = 1_024
/** A receiver that reads nothing cannot hold a reset back for longer than this, ms. */
const RESET_PATIENCE_MS = 1_000
/** Under a limited bandwidth bytes leave in portions of this much time. */
const PORTION_MS = 10
const NOTHING = Buffer.alloc(0)

export interface PipeOptions {
  from: Socket
  to: Socket
  /** Of this way, until `reshaped` gives another. */
  view: View
  /** How much of a chunk may pass; less than its length: the connection then ends. */
  allowed: (length: number) => number
  /** Called when a reset has come to its turn. */
  reset: () => void
  /** Called when the end after a cut that closes has come to its turn. */
  close: () => void
  /** How a connection ends whose bytes were cut. */
  cutBy: () => 'reset' | 'close'
}

interface Held {
  arrivedMs: number
  dueMs: number
  chunk?: Buffer
  last?: 'end' | 'reset' | 'close'
}

export class Pipe {
  readonly #options: PipeOptions
  #view: View
  #held: Held[] = []
  #heldBytes = 0
  /** No byte leaves before: pace of a limited bandwidth, pause between two pieces. */
  #nextAtMs = 0
  #blocked = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #patience: NodeJS.Timeout | undefined

  constructor(options: PipeOptions) {
    this.#options = options
    this.#view = options.view
    options.from.on('end', () => this.#hold({ last: 'end' }))
    options.to.on('drain', () => {
      this.#blocked = false
      this.#release()
    })
  }

  /** What it keeps, with what the receiver's socket has not passed to the kernel yet. */
  get heldBytes(): number {
    return this.#heldBytes + this.#options.to.writableLength
  }

  /** The sender has reset: passed on behind the bytes that it had sent before. */
  senderReset(): void {
    this.#hold({ last: 'reset' })
  }

  /** The toxics have changed. Nothing waits longer than those in force now say: how a fault ends sharply. */
  reshaped(view: View): void {
    this.#view = view
    const { longestDelayMs, slowCloseMs } = view.shape
    for (const held of this.#held) {
      const longestMs = longestDelayMs + (held.last === 'end' ? slowCloseMs : 0)
      held.dueMs = Math.min(held.dueMs, held.arrivedMs + longestMs)
    }
    this.#nextAtMs = 0
    this.#release()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#patience)
    this.#held = []
    this.#heldBytes = 0
  }

  /** What came from the sender. @returns whether nobody needs its memory any more: more may be read into it */
  take(chunk: Buffer): boolean {
    const { from, to, allowed, cutBy } = this.#options
    const passing = allowed(chunk.length)
    if (this.#view.shape.calm && this.#held.length === 0 && passing === chunk.length) {
      // Behind others it waits in any case: then a copy of its own size, so that small ones do not keep large buffers.
      const waits = to.writableLength > 0
      if (!to.write(waits ? Buffer.from(chunk) : chunk)) {
        this.#blocked = true
        from.pause()
      }
      return waits || to.writableLength === 0
    }
    if (passing > 0) this.#hold({ chunk: Buffer.from(chunk.subarray(0, passing)) })
    if (passing < chunk.length) {
      from.pause()
      this.#hold({ last: cutBy() })
    }
    return true
  }

  #hold(item: Pick<Held, 'chunk' | 'last'>): void {
    const { from, reset } = this.#options
    const before = this.#held.at(-1)
    if (this.#closed || (before?.last !== undefined && before.last !== 'end')) return
    const arrivedMs = performance.now()
    const waitMs = this.#view.delayMs() + (item.last === 'end' ? this.#view.shape.slowCloseMs : 0)
    const dueMs = Math.max(before?.dueMs ?? 0, arrivedMs + waitMs)
    this.#held.push({ ...item, arrivedMs, dueMs })
    if (item.last === 'reset') this.#patience = setTimeout(reset, dueMs - arrivedMs + RESET_PATIENCE_MS)
    this.#heldBytes += item.chunk?.length ?? 0
    if (this.#heldBytes >= HELD_BYTES || this.#held.length >= HELD_CHUNKS) from.pause()
    this.#release()
  }

  #release(): void {
    clearTimeout(this.#timer)
    const { from } = this.#options
    for (let head = this.#held[0]; head && !this.#blocked && !this.#closed && !this.#view.shape.silent; head = this.#held[0]) {
      const waitMs = Math.max(head.dueMs, this.#nextAtMs) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#release(), Math.ceil(waitMs))
        break
      }
      if (head.chunk) this.#write(head.chunk)
      else {
        this.#held.shift()
        this.#finish(head.last)
      }
    }
    const roomy = this.#heldBytes < HELD_BYTES / 2 && this.#held.length < HELD_CHUNKS / 2
    if (roomy && !this.#blocked && !this.#closed && !this.#held.at(-1)?.last && from.isPaused()) from.resume()
  }

  /** The head's chunk, or as much of it as may leave now. */
  #write(chunk: Buffer): void {
    const { pieceBytes, pieceDelayMs, bytesPerSecond } = this.#view.shape
    const portion = Math.max(1, Math.floor((bytesPerSecond * PORTION_MS) / 1_000))
    const length = Math.min(chunk.length, pieceBytes, portion)
    const head = this.#held[0] as Held
    if (length === chunk.length) this.#held.shift()
    else head.chunk = chunk.subarray(length)
    this.#heldBytes -= length
    const pauseMs = pieceDelayMs + (length * 1_000) / bytesPerSecond
    // Counted from when it was due, so that timers that fire late do not slow the pace; a long silence saves nothing up.
    if (pauseMs > 0) this.#nextAtMs = Math.max(this.#nextAtMs, performance.now() - PORTION_MS) + pauseMs
    this.#blocked = !this.#options.to.write(chunk.subarray(0, length))
  }

  #finish(last: Held['last']): void {
    const { to, reset, close } = this.#options
    if (last === 'end') to.end()
    else if (last === 'close') close()
    // An RST would overtake what the kernel has not taken yet.
    else if (to.writable && to.writableLength > 0) to.write(NOTHING, reset)
    else reset()
  }
}
