// One link: a listener for the run's traffic and one for the harness's canaries, both with the same delay and the same
// toxics; only attempts at the first are recorded. A link that is down still accepts and then resets: an attempt that
// nobody accepts could not be counted.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { hostAndPort } from '../../environment/canary.ts'
import type { AttemptLine } from '../../history/event.ts'
import { Connection, resetSocket } from './connection.ts'
import type { LinkAddresses, LinkSpec } from './messages.ts'
import { type AddedToxic, type Door, ToxicSet } from './toxics.ts'

/** More connections at once are turned away, and counted as refused. */
const CONNECTIONS_MAX = 4_096

export class ProxyLink {
  readonly name: string
  readonly #to: { host: string; port: number }
  readonly #toxics: ToxicSet
  readonly #record: (line: Omit<AttemptLine, 'kind'>) => void
  readonly #connections = new Set<Connection>()
  readonly #servers: Server[] = []

  constructor({ name, to, delayMs }: LinkSpec, record: (line: Omit<AttemptLine, 'kind'>) => void) {
    this.name = name
    this.#to = hostAndPort(to)
    this.#toxics = new ToxicSet(delayMs)
    this.#record = record
  }

  async open(): Promise<LinkAddresses> {
    return { address: await this.#listen('main'), canaryAddress: await this.#listen('canary') }
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Bytes that it holds at this moment. */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, connection) => sum + connection.heldBytes, 0)
  }

  /** In force when this returns. */
  add(added: AddedToxic): number {
    const id = this.#toxics.add(added)
    if (added.toxic === 'down' || added.toxic === 'reset') for (const connection of [...this.#connections]) connection.reset()
    return id
  }

  /** Twice is harmless. Bytes that a latency still held leave at once, in order. */
  remove(id: number): void {
    this.#toxics.remove(id)
    for (const connection of this.#connections) connection.hurry(this.#toxics.longestDelayMs)
  }

  close(): void {
    for (const server of this.#servers) server.close()
    for (const connection of [...this.#connections]) connection.reset()
  }

  async #listen(door: Door): Promise<string> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    server.maxConnections = CONNECTIONS_MAX
    server.on('connection', (client) => this.#accept(client, door))
    server.on('drop', () => this.#count(door, Date.now(), true))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // From here on a failed accept (no file descriptor left) is one lost client, not the end of the proxy.
    server.on('error', () => this.#count(door, Date.now(), true))
    this.#servers.push(server)
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  #accept(client: Socket, door: Door): void {
    const atMs = Date.now()
    if (this.#toxics.down) {
      client.on('error', () => {})
      resetSocket(client)
      this.#count(door, atMs, true)
      return
    }
    const connection: Connection = new Connection({
      client,
      to: this.#to,
      delayMs: () => this.#toxics.delayMs(door),
      answerBytes: () => this.#toxics.answerBytes(door),
      opened: (refused) => this.#count(door, atMs, refused),
      closed: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #count(door: Door, atMs: number, refused: boolean): void {
    if (door === 'main') this.#record({ atMs, link: this.name, refused })
  }
}
