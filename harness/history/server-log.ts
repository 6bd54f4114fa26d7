// The server's own log, raw/server-<n>.log: whatever it prints, of which the JSON lines with a call's id count. A line whose
// id does not start with the run's id is no call of ours (a probe, another client). Several lines of one call: the one with
// the longest duration is kept, since servers log a call's start too. Lines with a duration are counted as requests: two of
// one call show that something on the way sent it again, since an agent asks again under another id. A server that writes
// several such lines a request cannot be told from that.
//
// In the same reading: what the server told of itself while the load was on (server-said.ts).
//
// A log of a million calls takes as long to read as all else that is merged, and says little that is kept. So a thread reads it
// (server-log-thread.ts), from when the merge begins; what it found is given to the calls once they are known.
import { on, once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { Call } from './event.ts'
import type { History } from './history.ts'
import type { LogOrder, LogPart } from './server-log-thread.ts'
import { Said, type ServerSaid } from './server-said.ts'

/** Tried in this order where the target does not name the field. */
export const DURATION_FIELDS = ['duration_ms', 'durationMs', 'responseTime', 'elapsed_ms', 'elapsedMs']

export interface ServerLog {
  /** Calls with a line, whether the generator knows them or not. */
  calls: number
  /** Ids that the generator does not know, in the order of their first line. */
  unknown: readonly string[]
  /** Ids with more than one line that has a duration; undefined when no line has one. */
  twice?: readonly string[]
  said: ServerSaid
}

/** The logs of one run, read from now on. Disposing ends that, wherever it is. */
export class ServerLogs implements AsyncDisposable {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #parts: AsyncIterable<[LogPart]>
  readonly #ended: Promise<unknown>

  constructor(where: Omit<LogOrder, 'port'>) {
    const { port1, port2: port } = new MessageChannel()
    const workerData: LogOrder = { ...where, port }
    // The program's own flags may be none that a thread takes.
    this.#worker = new Worker(new URL('./server-log-thread.ts', import.meta.url), { workerData, transferList: [port], execArgv: [] })
    this.#port = port1
    // From now on: that it closed is told once.
    this.#parts = on(port1, 'message', { close: ['close'] }) as AsyncIterable<[LogPart]>
    this.#ended = once(this.#worker, 'exit')
    // Whoever gives calls what was read is told what went wrong.
    this.#ended.catch(() => undefined)
  }

  /** Gives each call what the server says of it; can be done once. */
  async giveTo(history: History): Promise<ServerLog> {
    const reader = new Reader(history)
    for await (const [part] of this.#parts) {
      reader.take(part)
      this.#port.postMessage(part.bytes)
    }
    await this.#ended
    return reader.read()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#port.close()
    await this.#worker.terminate()
  }
}

/** `server-1.log`, and so on. */
export async function serverLogs(rawFolder: string): Promise<string[]> {
  return (await readdir(rawFolder).catch(() => [])).filter((name) => /^server-.+\.log$/.test(name)).sort()
}

type Logged = Pick<Call, 'server'>

class Reader {
  readonly #all: readonly Call[]
  readonly #calls = new Map<string, Call>()
  readonly #strangers = new Map<string, Logged>()
  readonly #twice = new Set<string>()
  readonly #said: Said
  #known = 0
  #timed = false

  constructor(history: History) {
    this.#all = history.calls
    for (const call of history.calls) this.#calls.set(call.call, call)
    this.#said = new Said(history)
  }

  take({ instance, ids, tookMs, counts, times, fieldNumbers, fields, own }: LogPart): void {
    let next = 0
    for (const [n, id] of ids.entries()) {
      const took = tookMs[n] as number
      const call = this.#takeCall(id, instance, Number.isNaN(took) ? undefined : took)
      for (const end = next + (counts[n] as number); next < end; next++)
        if (call) this.#said.takeTime(fields[fieldNumbers[next] as number] as string, call.phase, times[next] as number)
    }
    for (const text of own) this.#said.takeOwn(text)
  }

  /** @returns the call, when the generator knows it */
  #takeCall(id: string, instance: string, took: number | undefined): Call | undefined {
    const call = this.#calls.get(id)
    const logged: Logged = call ?? this.#strangers.get(id) ?? {}
    const before = logged.server
    if (!call && !before) this.#strangers.set(id, logged)
    if (call && !before) this.#known++
    this.#timed ||= took !== undefined
    // The one that is kept has a duration as soon as any of its call's lines has.
    if (took !== undefined && before?.durationMs !== undefined) this.#twice.add(id)
    if (!before || (before.durationMs ?? -1) < (took ?? -1))
      logged.server = took === undefined ? { instance } : { instance, durationMs: took }
    return call
  }

  read(): ServerLog {
    // A line that was doubled made two calls of one.
    if (this.#calls.size < this.#all.length)
      for (const call of this.#all) {
        const side = this.#calls.get(call.call)?.server
        if (side) call.server = side
      }
    const unknown = [...this.#strangers.keys()]
    // As the history has them, whichever log was read first.
    const twice = [...this.#calls.keys(), ...unknown].filter((id) => this.#twice.has(id))
    return { calls: this.#known + unknown.length, unknown, ...(this.#timed && { twice }), said: this.#said }
  }
}
