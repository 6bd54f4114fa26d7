// Notices when the machine stands still: a thread of its own, which does nothing but sleep, is woken late when there is no core for it. The
// host has taken the cores then, or programs have that are asked for first; what a server makes its own thread wait for shows less, since
// whoever slept is let in before those who have run. It sees a still whatever the program's other threads do.
// Not seen: one core of several that is held while another one is free, and a program or machine that was stopped and has no core to miss.
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'

/** What a watch tells its thread. */
export interface StillsOrder {
  port: MessagePort
  leastMs: number
}

export interface Still {
  /** Wall-clock ms of its end. */
  atMs: number
  stillMs: number
  /** Of all cores together, taken by the host meanwhile; absent where the system does not say. */
  stolenMs?: number
}

/** Disposing ends it; it keeps no process alive. */
export class Stills implements Disposable {
  readonly #worker: Worker
  readonly #told: MessagePort

  /** @param leastMs shorter ones are what busy cores make of any sleep */
  constructor(leastMs: number) {
    const { port1, port2: port } = new MessageChannel()
    const workerData: StillsOrder = { port, leastMs }
    // The program's own flags may be none that a thread takes.
    this.#worker = new Worker(new URL('./stills-thread.ts', import.meta.url), { workerData, transferList: [port], execArgv: [] })
    // Without it no still is seen, which excuses nothing: no reason to end a run.
    this.#worker.on('error', () => undefined)
    this.#worker.unref()
    this.#told = port1
  }

  /** Those that ended since this was asked last; few, since each lasts `leastMs` at least. */
  take(): Still[] {
    const stills: Still[] = []
    for (let told = receiveMessageOnPort(this.#told); told; told = receiveMessageOnPort(this.#told)) stills.push(told.message as Still)
    return stills
  }

  [Symbol.dispose](): void {
    this.#told.close()
    void this.#worker.terminate()
  }
}
