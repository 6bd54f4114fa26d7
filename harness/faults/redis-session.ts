// A session of the harness's own with Redis, through a link's canary door or straight. Made with the driver that servers
// use, which here neither reconnects nor queues: what fails is what a canary wants to see.
import { Redis } from 'ioredis'
import { hostAndPort, measured } from '../environment/canary.ts'
import type { Canary, Link } from '../environment/service.ts'

const CONNECT_LIMIT_MS = 15_000
const LOOK_LIMIT_MS = 5_000

/** A fresh session through the link's canary door, then one command, timed; at most `limitMs` (5 s) for both. */
export async function redisLook(link: Link, words: string[], signal?: AbortSignal, limitMs = LOOK_LIMIT_MS): Promise<Canary> {
  const attempt = async (stop: AbortSignal) => {
    using session = await RedisSession.open(link.canaryAddress, stop)
    const begunMs = performance.now()
    await session.ask(...words)
    return performance.now() - begunMs
  }
  return await measured(signal, attempt, limitMs)
}

export class RedisSession implements Disposable {
  readonly #client: Redis
  readonly #forget: () => void
  /** The other side has closed it, or it was disposed. */
  closed = false

  private constructor(client: Redis, forget: () => void) {
    this.#client = client
    this.#forget = forget
    client.on('error', () => {})
    client.on('close', () => (this.closed = true))
  }

  static async open(address: string, signal?: AbortSignal): Promise<RedisSession> {
    signal?.throwIfAborted()
    const client = new Redis({
      ...hostAndPort(address),
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      disableClientInfo: true,
      connectTimeout: CONNECT_LIMIT_MS,
      // A frozen Redis never says goodbye.
      disconnectTimeout: 10,
    })
    const stop = () => client.disconnect()
    signal?.addEventListener('abort', stop, { once: true })
    const session = new RedisSession(client, () => signal?.removeEventListener('abort', stop))
    try {
      await client.connect()
      return session
    } catch (error) {
      session[Symbol.dispose]()
      throw error
    }
  }

  /** The reply to one command. An error reply is thrown with its first word as `code`: `OOM`, `READONLY`. */
  async ask(...words: string[]): Promise<unknown> {
    const [command = '', ...args] = words
    try {
      return await this.#client.call(command, ...args)
    } catch (error) {
      const { name, message } = error as Error
      if (name !== 'ReplyError') throw error
      throw Object.assign(new Error(message), { code: message.split(' ')[0] })
    }
  }

  [Symbol.dispose](): void {
    this.#forget()
    this.#client.disconnect()
  }
}
