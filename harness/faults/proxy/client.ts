// The harness's side of the proxy: starts its process, gives it orders, hands out its links.
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Child, startChild } from '../../environment/child.ts'
import type { Keeper, Link, LinkToxic, Toxics } from '../../environment/service.ts'
import { HarnessError } from '../../errors.ts'
import type { LinkAddresses, LinkSpec, Notice, Order, Reply, Request, Results } from './messages.ts'

const ORDER_LIMIT_MS = 5_000
/** Its process has to start first. */
const OPEN_LIMIT_MS = 30_000
const PROBLEMS_KEPT = 100

export interface ProxyOptions {
  keeper: Keeper
  links: LinkSpec[]
  /** The proxy appends an AttemptLine for each connection attempt. */
  attemptsFile: string
  signal: AbortSignal
}

/**
 * Starts the proxy with all its links open.
 * @throws HarnessError `PROXY_FAILED`
 */
export async function startProxy({ keeper, links, attemptsFile, signal }: ProxyOptions): Promise<ProxyProcess> {
  signal.throwIfAborted()
  const child = await startChild({
    keeper,
    name: 'proxy',
    file: process.execPath,
    args: [path.join(import.meta.dirname, 'main.ts')],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const proxy = new ProxyProcess(child)
  try {
    const opening = await proxy.order<'open'>({ do: 'open', links, attemptsFile }, signal)
    proxy.adminUrl = opening.adminUrl
    for (const [name, opened] of Object.entries(opening.links)) proxy.links[name] = linkOf(proxy, name, opened)
    return proxy
  } catch (error) {
    await proxy[Symbol.asyncDispose]()
    throw error
  }
}

export class ProxyProcess implements AsyncDisposable {
  readonly pid: number
  readonly links: Record<string, Link> = {}
  /** Where it takes orders by hand: proxy/admin.ts. */
  adminUrl = ''
  /** What went wrong without anybody waiting for it, in sentences. */
  readonly problems: string[] = []
  readonly #child: Child
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #last = 0

  constructor(child: Child) {
    this.#child = child
    this.pid = child.pid
    child.process.on('message', (message: Reply | Notice) => this.#hear(message))
    void child.exited.then(({ code, signal }) => {
      for (const [id, answer] of this.#waiting) answer({ id, problem: `it ended with ${signal ?? code}: ${child.lastLines(3).join(' ')}` })
    })
  }

  get running(): boolean {
    return this.#child.running
  }

  /**
   * Carried out once this resolves; at most 5 s, the first of all 30 s.
   * @param late told the result of an order that was given up, and carried out all the same
   */
  async order<K extends Order['do']>(
    order: Extract<Order, { do: K }>,
    signal?: AbortSignal,
    late?: (result: Results[K]) => void,
  ): Promise<Results[K]> {
    const id = ++this.#last
    const limitMs = order.do === 'open' ? OPEN_LIMIT_MS : ORDER_LIMIT_MS
    const limit = AbortSignal.timeout(limitMs)
    const stop = signal ? AbortSignal.any([signal, limit]) : limit
    const reply = await new Promise<Reply>((resolve) => {
      const stopped = () => {
        this.#waiting.set(id, (reply) => 'result' in reply && late?.(reply.result as Results[K]))
        resolve({ id, problem: limit.aborted ? `no answer within ${limitMs} ms` : 'stopped' })
      }
      this.#waiting.set(id, (reply) => {
        stop.removeEventListener('abort', stopped)
        resolve(reply)
      })
      stop.addEventListener('abort', stopped, { once: true })
      if (stop.aborted) stopped()
      else if (!this.running) resolve({ id, problem: 'it has ended' })
      else this.#child.process.send({ ...order, id } as Request, (error) => error && resolve({ id, problem: error.message }))
    })
    if ('result' in reply) return reply.result as Results[K]
    if (!('problem' in reply)) return undefined as Results[K]
    signal?.throwIfAborted()
    throw new HarnessError(
      'PROXY_FAILED',
      `the proxy did not ${order.do}: ${reply.problem}`,
      'run it again; if it stays so, please report it',
    )
  }

  /** Closes every link and ends the process; its attempts are then all in the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.order<'close'>({ do: 'close' }).catch(() => {})
    await Promise.race([this.#child.exited, pause(1_000, undefined, { ref: false })])
    await this.#child.stop('SIGKILL', 1_000)
  }

  #hear(message: Reply | Notice): void {
    if ('id' in message) {
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    } else if (this.problems.length < PROBLEMS_KEPT) this.problems.push(message.problem)
  }
}

function linkOf(proxy: ProxyProcess, name: string, addresses: LinkAddresses): Link {
  return {
    name,
    ...addresses,
    async add<K extends keyof Toxics>(toxic: K, parameters: Toxics[K], signal?: AbortSignal): Promise<LinkToxic<K>> {
      signal?.throwIfAborted()
      const order = { do: 'add', link: name, toxic, parameters } as Extract<Order, { do: 'add' }>
      const takeOut = (toxicId: number) => proxy.order<'remove'>({ do: 'remove', link: name, toxicId })
      // One that comes after it was given up would stay for ever.
      const toxicId = await proxy.order<'add'>(order, signal, (late) => void takeOut(late).catch(() => {}))
      let removal: Promise<void> | undefined
      // A proxy that has gone took its toxics with it.
      const remove = () => {
        removal ??= proxy.running ? takeOut(toxicId) : Promise.resolve()
        removal.catch(() => {
          removal = undefined
        })
        return removal
      }
      const aborted = () => void remove().catch(() => {})
      signal?.addEventListener('abort', aborted, { once: true })
      if (signal?.aborted) {
        await remove()
        signal.throwIfAborted()
      }
      return {
        change: (parameters) => proxy.order<'change'>({ do: 'change', link: name, toxicId, parameters }),
        async remove() {
          signal?.removeEventListener('abort', aborted)
          await remove()
        },
      }
    },
  }
}
