// The two listeners of a link. They can be swapped for a black hole at the same ports, and back; live connections stay.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { BlackHole } from './black-hole.ts'
import type { LinkAddresses } from './messages.ts'
import type { Door } from './toxics.ts'

/** More connections at once are turned away, and counted as refused. */
const CONNECTIONS_MAX = 4_096
/** Tries to get a port back that was let go a moment ago, 10 ms apart. */
const TRIES = 100

export interface DoorsOptions {
  /** Of the main door; without it any. */
  port?: number
  /** Paused. */
  accept: (client: Socket, door: Door) => void
  /** One that could not be accepted. */
  dropped: (door: Door) => void
}

export class Doors {
  readonly #options: DoorsOptions
  readonly #ports: Record<Door, number> = { main: 0, canary: 0 }
  #servers: Server[] = []
  #hole: BlackHole | undefined
  #wanted = false
  #turning: Promise<void> = Promise.resolve()

  constructor(options: DoorsOptions) {
    this.#options = options
    this.#ports.main = options.port ?? 0
  }

  /** Both, or none. */
  async open(): Promise<LinkAddresses> {
    try {
      for (const door of ['main', 'canary'] as const) this.#ports[door] = await this.#listen(door, this.#ports[door])
      return this.addresses
    } catch (error) {
      this.#shut()
      throw error
    }
  }

  get addresses(): LinkAddresses {
    return { address: `127.0.0.1:${this.#ports.main}`, canaryAddress: `127.0.0.1:${this.#ports.canary}` }
  }

  /** Whether attempts are swallowed from now on; done when it resolves. */
  async swallow(wanted: boolean): Promise<void> {
    this.#wanted = wanted
    // One turn after the other: the ports can belong to one side only.
    const turned = this.#turning.then(() => this.#turn())
    this.#turning = turned.catch(() => {})
    await turned
  }

  async close(): Promise<void> {
    this.#wanted = false
    await this.#turning
    await this.#hole?.close()
    this.#hole = undefined
    this.#shut()
  }

  async #turn(): Promise<void> {
    if (this.#wanted && !this.#hole) {
      this.#shut()
      this.#hole = await BlackHole.open(Object.values(this.#ports))
    } else if (!this.#wanted && this.#servers.length === 0) {
      // Also when a black hole did not come about, or the doors could not be opened the last time.
      await this.#hole?.close()
      this.#hole = undefined
      await this.open()
    }
  }

  #shut(): void {
    for (const server of this.#servers) server.close()
    this.#servers = []
  }

  async #listen(door: Door, port: number): Promise<number> {
    const { accept, dropped } = this.#options
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.maxConnections = CONNECTIONS_MAX
    server.on('connection', (client) => accept(client, door))
    server.on('drop', () => dropped(door))
    for (let left = TRIES; ; left--) {
      server.listen(port, '127.0.0.1')
      const error = await once(server, 'listening').catch((cause: unknown) => cause as Error)
      if (!(error instanceof Error)) break
      if (port === 0 || left === 0) throw error
      await pause(10)
    }
    // From here on a failed accept (no file descriptor left) is one lost client, not the end of the proxy.
    server.on('error', () => dropped(door))
    this.#servers.push(server)
    return (server.address() as AddressInfo).port
  }
}
