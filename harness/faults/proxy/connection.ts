// One connection through a link: a client's socket, the socket to what is behind the link, and a pipe each way. Either
// side may close its half and still be heard (as HTTP clients and Postgres do); a reset is passed on as a reset.
// An answer is what comes back after bytes went out: with keep-alive one connection carries many, and each is drawn anew.
import { connect, type Socket } from 'node:net'
import { Pipe } from './pipe.ts'

const CONNECT_LIMIT_MS = 10_000

export interface ConnectionOptions {
  /** Accepted and paused. */
  client: Socket
  to: { host: string; port: number }
  delayMs: () => number
  /** Bytes of a beginning answer that may pass. */
  answerBytes: () => number
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
  #settled = false
  #asked = true
  #bytesLeft = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#client = options.client
    this.#upstream = connect({ ...options.to, allowHalfOpen: true, noDelay: true, timeout: CONNECT_LIMIT_MS })
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
  }

  /** Bytes on their way, both ways. */
  get heldBytes(): number {
    return this.#pipes.reduce((sum, pipe) => sum + pipe.heldBytes, 0)
  }

  hurry(delayMs: number): void {
    for (const pipe of this.#pipes) pipe.hurry(delayMs)
  }

  /** RST to both sides, now; what was on its way is lost. */
  reset(): void {
    this.#settle(true)
    for (const pipe of this.#pipes) pipe.close()
    for (const socket of [this.#client, this.#upstream]) resetSocket(socket)
  }

  #join(): void {
    this.#settle(false)
    this.#upstream.setTimeout(0)
    const { delayMs } = this.#options
    const reset = () => this.reset()
    const asking = (length: number) => {
      this.#asked = true
      return length
    }
    this.#pipes.push(
      new Pipe({ from: this.#client, to: this.#upstream, delayMs, allowed: asking, reset }),
      new Pipe({ from: this.#upstream, to: this.#client, delayMs, allowed: (length) => this.#answering(length), reset }),
    )
    this.#client.resume()
  }

  #answering(length: number): number {
    if (this.#asked) {
      this.#asked = false
      this.#bytesLeft = this.#options.answerBytes()
    }
    const passing = Math.min(length, this.#bytesLeft)
    this.#bytesLeft -= passing
    return passing
  }

  #broken(outgoing: Pipe | undefined): void {
    if (outgoing) outgoing.senderReset()
    else this.reset()
  }

  /** One socket is gone; when the other is too, that was all. */
  #gone(other: Socket): void {
    if (!other.destroyed) return
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
