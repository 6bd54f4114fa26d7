// Ports at which a connection attempt is never answered, as behind a firewall that drops: the listener is there, but its
// queue is full and nobody takes from it, so the kernel lets further SYNs fall. The listener belongs to a thread that
// sleeps: it cannot accept, and is gone with the proxy's process however that ends.
// What this does not model: macOS, whose kernel answers differently; between opening and closing the port is nobody's for
// about a millisecond, in which an attempt is refused.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** More than the queue of a listener with a backlog of 1 holds. */
const FILLERS = 6
const LIMIT_MS = 5_000

/** What the thread is given: its ports, and a cell that is 1 once it may end. */
export interface BlackHoleOrder {
  ports: number[]
  cell: Int32Array
}

export class BlackHole {
  readonly #worker: Worker
  readonly #cell: Int32Array
  readonly #fillers: Socket[]

  private constructor(worker: Worker, cell: Int32Array, fillers: Socket[]) {
    this.#worker = worker
    this.#cell = cell
    this.#fillers = fillers
  }

  /** Its ports must be free; swallowing when this resolves. */
  static async open(ports: number[]): Promise<BlackHole> {
    const cell = new Int32Array(new SharedArrayBuffer(4))
    const workerData: BlackHoleOrder = { ports, cell }
    const worker = new Worker(new URL('./black-hole-thread.ts', import.meta.url), { workerData })
    try {
      await once(worker, 'message', { signal: AbortSignal.timeout(LIMIT_MS) })
    } catch (error) {
      // It must not begin to listen after all.
      await worker.terminate()
      throw error
    }
    const fillers = ports.flatMap((port) => Array.from({ length: FILLERS }, () => filler(port)))
    // Loopback: those that find room have it within the next turns of the loop; one of each port never will.
    await new Promise((resolve) => setTimeout(resolve, 10))
    return new BlackHole(worker, cell, fillers)
  }

  /** Its ports are free again when this resolves; attempts that still wait are tried anew by their kernel. */
  async close(): Promise<void> {
    for (const socket of this.#fillers) socket.destroy()
    const exited = once(this.#worker, 'exit', { signal: AbortSignal.timeout(LIMIT_MS) })
    Atomics.store(this.#cell, 0, 1)
    Atomics.notify(this.#cell, 0)
    await exited
  }
}

function filler(port: number): Socket {
  return connect({ port, host: '127.0.0.1' }).on('error', () => {})
}
