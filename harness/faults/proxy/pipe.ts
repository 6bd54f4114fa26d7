// One direction of a connection: bytes come in, wait as long as the link's delay says, and leave in the order in which
// they came. The end of the stream, or its reset, waits behind them. Memory is bounded: with 1 MiB or 1,024 chunks held
// (the reader stalls, or the delay is long) the sender is paused, as a full TCP window would.
import type { Socket } from 'node:net'

const HELD_BYTES = 1_048_576
const HELD_CHUNKS = 1_024
/** A receiver that reads nothing cannot hold a reset back for longer than this, ms. */
const RESET_PATIENCE_MS = 1_000
const NOTHING = Buffer.alloc(0)

export interface PipeOptions {
  from: Socket
  to: Socket
  /** Drawn anew for each chunk. */
  delayMs: () => number
  /** How much of a chunk may pass; less than its length: the connection is then reset. */
  allowed: (length: number) => number
  /** Called when a reset has come to its turn. */
  reset: () => void
}

interface Held {
  arrivedMs: number
  dueMs: number
  chunk?: Buffer
  last?: 'end' | 'reset'
}

export class Pipe {
  readonly #options: PipeOptions
  #held: Held[] = []
  #heldBytes = 0
  #blocked = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #patience: NodeJS.Timeout | undefined

  constructor(options: PipeOptions) {
    this.#options = options
    options.from.on('data', (chunk: Buffer) => this.#take(chunk))
    options.from.on('end', () => this.#hold({ last: 'end' }))
    options.to.on('drain', () => {
      this.#blocked = false
      this.#release()
    })
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** The sender has reset: passed on behind the bytes that it had sent before. */
  senderReset(): void {
    this.#hold({ last: 'reset' })
  }

  /** Nothing held waits longer than `delayMs` from its arrival any more: how a latency ends sharply. */
  hurry(delayMs: number): void {
    for (const held of this.#held) held.dueMs = Math.min(held.dueMs, held.arrivedMs + delayMs)
    this.#release()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#patience)
    this.#held = []
    this.#heldBytes = 0
  }

  #take(chunk: Buffer): void {
    const passing = this.#options.allowed(chunk.length)
    if (passing > 0) this.#hold({ chunk: chunk.subarray(0, passing) })
    if (passing === chunk.length) return
    this.#options.from.pause()
    this.#hold({ last: 'reset' })
  }

  #hold(item: Pick<Held, 'chunk' | 'last'>): void {
    const before = this.#held.at(-1)
    if (this.#closed || before?.last === 'reset') return
    const arrivedMs = performance.now()
    const dueMs = Math.max(before?.dueMs ?? 0, arrivedMs + this.#options.delayMs())
    this.#held.push({ ...item, arrivedMs, dueMs })
    if (item.last === 'reset') this.#patience = setTimeout(this.#options.reset, dueMs - arrivedMs + RESET_PATIENCE_MS)
    this.#heldBytes += item.chunk?.length ?? 0
    if (this.#heldBytes >= HELD_BYTES || this.#held.length >= HELD_CHUNKS) this.#options.from.pause()
    this.#release()
  }

  #release(): void {
    clearTimeout(this.#timer)
    for (let head = this.#held[0]; head && !this.#blocked && !this.#closed; head = this.#held[0]) {
      const waitMs = head.dueMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#release(), Math.ceil(waitMs))
        break
      }
      this.#held.shift()
      this.#pass(head)
    }
    const roomy = this.#heldBytes < HELD_BYTES / 2 && this.#held.length < HELD_CHUNKS / 2
    if (roomy && !this.#closed && !this.#held.at(-1)?.last && this.#options.from.isPaused()) this.#options.from.resume()
  }

  #pass({ chunk, last }: Held): void {
    const { to, reset } = this.#options
    if (chunk) {
      this.#heldBytes -= chunk.length
      this.#blocked = !to.write(chunk)
    } else if (last === 'end') to.end()
    // An RST would overtake what the kernel has not taken yet.
    else if (to.writable && to.writableLength > 0) to.write(NOTHING, reset)
    else reset()
  }
}
