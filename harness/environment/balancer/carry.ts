// Carries each connection to the instance whose turn it is. One that refuses, or is not connected within its time, is told to
// the rotation and the next one is tried: nothing has been sent by then, so nothing can be carried out twice. Connections to an
// instance that was ejected are reset (as HAProxy's `on-marked-down shutdown-sessions`): whoever waits there would wait in vain.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { hostAndPort } from '../canary.ts'
import type { Rotation } from './rotation.ts'

const CONNECT_LIMIT_MS = 1_000
const CONNECTIONS_MAX = 4_096

export class Carrier {
  readonly server: Server
  readonly #rotation: Rotation
  readonly #addresses: ReadonlyMap<number, string>
  readonly #open = new Map<Socket, { instance: number; client: Socket }>()

  constructor(rotation: Rotation, addresses: ReadonlyMap<number, string>) {
    this.#rotation = rotation
    this.#addresses = addresses
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
      client.on('error', () => client.destroy())
      this.#pass(client, new Set())
    })
    this.server.maxConnections = CONNECTIONS_MAX
  }

  /** Connections by instance. */
  get counts(): Record<number, number> {
    const counts: Record<number, number> = {}
    for (const { instance } of this.#open.values()) counts[instance] = (counts[instance] ?? 0) + 1
    return counts
  }

  /** Resets what is open to the instance. */
  drop(instance: number): void {
    for (const [upstream, one] of this.#open) {
      if (one.instance !== instance) continue
      one.client.resetAndDestroy()
      upstream.destroy()
    }
  }

  #pass(client: Socket, tried: Set<number>): void {
    const instance = client.destroyed ? undefined : this.#rotation.next(tried)
    if (instance === undefined) {
      client.resetAndDestroy()
      return
    }
    tried.add(instance)
    const upstream = connect({ ...hostAndPort(this.#addresses.get(instance) ?? ''), allowHalfOpen: true, noDelay: true })
    const limit = setTimeout(() => next('silent'), CONNECT_LIMIT_MS)
    const next = (heard: 'silent' | 'refused') => {
      clearTimeout(limit)
      upstream.destroy()
      this.#rotation.hear(instance, heard, Date.now())
      this.#pass(client, tried)
    }
    const refused = () => next('refused')
    upstream.once('error', refused)
    upstream.once('connect', () => {
      clearTimeout(limit)
      upstream.off('error', refused)
      this.#join(client, upstream, instance)
    })
  }

  #join(client: Socket, upstream: Socket, instance: number): void {
    this.#open.set(upstream, { instance, client })
    const over = () => {
      this.#open.delete(upstream)
      // What broke on one side must not look like a clean end on the other.
      if (!upstream.readableEnded && !client.destroyed) client.resetAndDestroy()
      if (!client.readableEnded && !upstream.destroyed) upstream.resetAndDestroy()
    }
    upstream.on('error', () => upstream.destroy())
    upstream.once('close', over)
    client.once('close', over)
    client.pipe(upstream)
    upstream.pipe(client)
  }
}
