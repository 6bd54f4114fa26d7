// One connection through a link: a client's socket, the socket to what is behind the link, and a pipe each way. Either
// side may close its half and still be heard (as HTTP clients and Postgres do); a reset is passed on as a reset.
// An answer is what comes back after bytes went out: with keep-alive one connection carries many, and each is drawn anew.
import { connect, type Socket } from 'node:net'
import { Pipe } from './pipe.ts'
import type { Arrival, ToxicSet, View } from './toxics.ts'

const CONNECT_LIMIT_MS = 10_000
const READ_BYTES = 65_536

export interface ConnectionOptions {
  /** Accepted and paused. */
  client: Socket
  to: { host: string; port: number }
  toxics: ToxicSet
  arrival: Arrival
  /** Called once: what is behind the link took the connection, or refused it. */
  opened: (refused: boolean) => void
  /** Called once: both sockets are gone. */
  closed: () => void
}

export class Connection {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #pipes: Pipe[] = []
  readonly #options: ConnectionOptions
  #up: View
  #down: View
  #settled = false
  #asked = true
  #answerLeft = Number.POSITIVE_INFINITY
  /** Bytes towards the client since a limit is in force. */
  #limited = 0
  #closing: NodeJS.Timeout | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#up = options.toxics.view(options.arrival, 'upstream')
    this.#down = options.toxics.view(options.arrival, 'downstream')
    this.#client = options.client
    const { to } = options
    this.#upstream = connect({ ...to, allowHalfOpen: true, noDelay: true, timeout: CONNECT_LIMIT_MS, onread: this.#reading() })
    this.#upstream.once('connect', () => this.#join())
    this.#upstream.on('timeout', () => this.reset())
    // A socket that is in trouble says 'error' before 'close'; what it sent before is still passed on.
    this.#upstream.on('error', () => this.#broken(this.#pipes[1]))
    this.#client.on('error', () => {
      this.#settle(false)
      this.#broken(this.#pipes[0])
    })
    this.#client.once('close', () => this.#gone(this.#upstream))
    this.#upstream.once('close', () => this.#gone(this.#client))
    this.#closeLater()
  }

  /** Bytes on their way, both ways. */
  get heldBytes(): number {
    return this.#pipes.reduce((sum, pipe) => sum + pipe.heldBytes, 0)
  }

  /** The link's toxics have changed. */
  reshaped(): void {
    const { toxics, arrival } = this.#options
    this.#up = toxics.view(arrival, 'upstream')
    this.#down = toxics.view(arrival, 'downstream')
    if (this.#down.shape.limitBytes === Number.POSITIVE_INFINITY) this.#limited = 0
    // Also of an answer that is under way: what cut it is over.
    if (!this.#down.shape.cuts) this.#answerLeft = Number.POSITIVE_INFINITY
    this.#pipes[0]?.reshaped(this.#up)
    this.#pipes[1]?.reshaped(this.#down)
    this.#closeLater()
  }

  /** Whether a toxic of the link is for this connection. */
  hitBy(toxicId: number): boolean {
    return this.#options.toxics.hits(toxicId, this.#options.arrival)
  }

  /** RST to both sides, now; what was on its way is lost. */
  reset(): void {
    this.#drop(resetSocket)
  }

  #drop(part: (socket: Socket) => void): void {
    clearTimeout(this.#closing)
    this.#settle(true)
    for (const pipe of this.#pipes) pipe.close()
    for (const socket of [this.#client, this.#upstream]) part(socket)
  }

  /** The client hears an end after what it was given; what is behind the link is let go. */
  #close(): void {
    this.#upstream.destroy()
    this.#client.destroySoon()
  }

  #closeLater(): void {
    clearTimeout(this.#closing)
    const closeAfterMs = Math.min(this.#up.shape.closeAfterMs, this.#down.shape.closeAfterMs)
    if (closeAfterMs < Number.POSITIVE_INFINITY) this.#closing = setTimeout(() => this.#drop((socket) => socket.destroy()), closeAfterMs)
  }

  #join(): void {
    this.#settle(false)
    this.#upstream.setTimeout(0)
    const shared = { reset: () => this.reset(), close: () => this.#close(), cutBy: () => this.#cutBy() }
    const asked = new Pipe({ ...shared, view: this.#up, from: this.#client, to: this.#upstream, allowed: (length) => this.#asking(length) })
    const answered = new Pipe({
      ...shared,
      view: this.#down,
      from: this.#upstream,
      to: this.#client,
      allowed: (length) => this.#answering(length),
    })
    this.#pipes.push(asked, answered)
    this.#client.on('data', (chunk: Buffer) => asked.take(chunk))
    this.#client.resume()
  }

  /**
   * Answers are read into the same memory again and again: a buffer of 64 KiB for every read, as sockets do it by themselves, is a third
   * of what a round trip costs the proxy's processor.
   */
  #reading() {
    let buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    let free = true
    return {
      buffer: () => {
        if (!free) buffer = Buffer.allocUnsafeSlow(READ_BYTES)
        free = true
        return buffer
      },
      callback: (length: number) => {
        free = this.#pipes[1]?.take(buffer.subarray(0, length)) ?? true
        return true
      },
    }
  }

  #asking(length: number): number {
    this.#asked = true
    return length
  }

  #answering(length: number): number {
    if (this.#asked) {
      this.#asked = false
      this.#answerLeft = this.#down.answerBytes()
    }
    const { limitBytes } = this.#down.shape
    const passing = Math.min(length, this.#answerLeft, Math.max(0, limitBytes - this.#limited))
    this.#answerLeft -= passing
    if (limitBytes < Number.POSITIVE_INFINITY) this.#limited += passing
    return passing
  }

  #cutBy(): 'reset' | 'close' {
    return this.#limited >= this.#down.shape.limitBytes ? 'close' : 'reset'
  }

  #broken(outgoing: Pipe | undefined): void {
    if (outgoing) outgoing.senderReset()
    else this.reset()
  }

  /** One socket is gone; when the other is too, that was all. */
  #gone(other: Socket): void {
    if (!other.destroyed) return
    clearTimeout(this.#closing)
    this.#settle(true)
    for (const pipe of this.#pipes) pipe.close()
    this.#options.closed()
  }

  #settle(refused: boolean): void {
    if (this.#settled) return
    this.#settled = true
    this.#options.opened(refused)
  }
}

/** RST where the socket can still send one: not while it connects, nor while its end is being sent. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) socket.destroy()
  else socket.resetAndDestroy()
}
