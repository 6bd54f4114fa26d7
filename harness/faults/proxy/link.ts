// One link: a door for the run's traffic and one for the harness's canaries, both with the same delay and the same toxics;
// only attempts at the first are recorded. A link that is down still accepts and then resets: an attempt that nobody
// accepts could not be counted.
import type { Socket } from 'node:net'
import { hostAndPort } from '../../environment/canary.ts'
import type { AttemptLine } from '../../history/raw-line.ts'
import { Connection, resetSocket } from './connection.ts'
import { Doors } from './doors.ts'
import type { LinkAddresses, LinkSpec } from './messages.ts'
import type { Shape } from './shape.ts'
import { type AddedToxic, type Arrival, type Door, ToxicSet } from './toxics.ts'

interface Waiting {
  arrival: Arrival
  client: Socket
  timer: NodeJS.Timeout
  carry: () => void
}

export class ProxyLink {
  readonly name: string
  readonly #to: { host: string; port: number }
  readonly #toxics: ToxicSet
  readonly #record: (line: Omit<AttemptLine, 'kind'>) => void
  readonly #connections = new Set<Connection>()
  /** Accepted, and not yet carried: their connecting is delayed. */
  readonly #waiting = new Set<Waiting>()
  readonly #doors: Doors
  readonly #arrived: Record<Door, number> = { main: 0, canary: 0 }

  constructor({ name, to, delayMs, port }: LinkSpec, record: (line: Omit<AttemptLine, 'kind'>) => void) {
    this.name = name
    this.#to = hostAndPort(to)
    this.#toxics = new ToxicSet(delayMs)
    this.#record = record
    this.#doors = new Doors({
      ...(port !== undefined && { port }),
      accept: (client, door) => this.#accept(client, door),
      dropped: (door) => this.#count(door, Date.now(), true),
    })
  }

  async open(): Promise<LinkAddresses> {
    return await this.#doors.open()
  }

  /** Once it is open. */
  get addresses(): LinkAddresses {
    return this.#doors.addresses
  }

  /** `host:port` of what is behind it. */
  get to(): string {
    return `${this.#to.host}:${this.#to.port}`
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Bytes that it holds at this moment. */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, connection) => sum + connection.heldBytes, 0)
  }

  get toxics(): (AddedToxic & { id: number })[] {
    return this.#toxics.list
  }

  /** In force when this resolves; all but a black hole at once. */
  async add(added: AddedToxic): Promise<number> {
    const id = this.#toxics.add(added)
    if (added.toxic === 'down' || added.toxic === 'reset')
      for (const connection of [...this.#connections]) if (connection.hitBy(id)) connection.reset()
    // Once, and over: it must not keep the link from being calm.
    if (added.toxic === 'reset') this.#toxics.remove(id)
    try {
      await this.#reshaped()
    } catch (error) {
      // Nobody was given its number: nobody else could take it out.
      await this.remove(id)
      throw error
    }
    return id
  }

  /** The same toxic with other parameters, without a gap. */
  async change(id: number, parameters: AddedToxic['parameters']): Promise<void> {
    this.#toxics.change(id, parameters)
    await this.#reshaped()
  }

  /** Twice is harmless. Bytes that it still held leave at once, in order. */
  async remove(id: number): Promise<void> {
    this.#toxics.remove(id)
    await this.#reshaped()
  }

  async close(): Promise<void> {
    for (const { client, timer } of this.#waiting) {
      clearTimeout(timer)
      resetSocket(client)
    }
    for (const connection of [...this.#connections]) connection.reset()
    await this.#doors.close()
  }

  async #reshaped(): Promise<void> {
    for (const connection of this.#connections) connection.reshaped()
    for (const { arrival, carry } of [...this.#waiting]) {
      const { connectDelayMs, down } = this.#connecting(arrival)
      if (connectDelayMs === 0 || down) carry()
    }
    await this.#doors.swallow(this.#toxics.blackHole)
  }

  #accept(client: Socket, door: Door): void {
    const atMs = Date.now()
    const arrival = { door, number: ++this.#arrived[door] }
    const { down, connectDelayMs } = this.#connecting(arrival)
    if (down) this.#refuse(client, door, atMs)
    else if (connectDelayMs > 0) this.#wait(client, arrival, atMs, connectDelayMs)
    else this.#carry(client, arrival, atMs)
  }

  /** What becomes of an attempt: neither way is of account. */
  #connecting(arrival: Arrival): Pick<Shape, 'down' | 'connectDelayMs'> {
    return this.#toxics.view(arrival, 'upstream').shape
  }

  #wait(client: Socket, arrival: Arrival, atMs: number, delayMs: number): void {
    const carry = () => {
      clearTimeout(waiting.timer)
      client.off('close', gone)
      if (!this.#waiting.delete(waiting)) return
      if (this.#connecting(arrival).down) this.#refuse(client, arrival.door, atMs)
      else this.#carry(client, arrival, atMs)
    }
    const waiting: Waiting = { arrival, client, timer: setTimeout(carry, delayMs), carry }
    const gone = () => {
      clearTimeout(waiting.timer)
      if (this.#waiting.delete(waiting)) this.#count(arrival.door, atMs, false)
    }
    this.#waiting.add(waiting)
    client.on('error', () => {})
    client.once('close', gone)
  }

  #refuse(client: Socket, door: Door, atMs: number): void {
    client.on('error', () => {})
    resetSocket(client)
    this.#count(door, atMs, true)
  }

  #carry(client: Socket, arrival: Arrival, atMs: number): void {
    const connection: Connection = new Connection({
      client,
      to: this.#to,
      toxics: this.#toxics,
      arrival,
      opened: (refused) => this.#count(arrival.door, atMs, refused),
      closed: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
  }

  #count(door: Door, atMs: number, refused: boolean): void {
    if (door === 'main') this.#record({ atMs, link: this.name, refused })
  }
}
