// The server's own log, raw/server-<n>.log: whatever it prints, of which the JSON lines with a call's id count. A line whose
// id does not start with the run's id is no call of ours (a probe, another client). Several lines of one call: the one with
// the longest duration is kept, since servers log a call's start too. Lines with a duration are counted as requests: two of
// one call show that something on the way sent it again, since an agent asks again under another id. A server that writes
// several such lines a request cannot be told from that.
//
// In the same reading: what the server told of itself while the load was on (server-said.ts).
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { parsed } from './json.ts'
import { chunksOf } from './lines.ts'
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

/**
 * Gives each call what the server says of it.
 * @returns undefined when this target's logs are not observed
 */
export async function readServerLogs(rawFolder: string, history: History): Promise<ServerLog | undefined> {
  const { requestId, durationMs } = history.manifest.observed
  if (requestId === undefined) return undefined
  const reader = new Reader(history, requestId, durationMs)
  for (const name of await serverLogs(rawFolder)) {
    const instance = name.slice('server-'.length, -'.log'.length)
    for await (const { texts } of chunksOf(path.join(rawFolder, name))) for (const text of texts) reader.take(text, instance)
  }
  return reader.read()
}

/** `server-1.log`, and so on. */
export async function serverLogs(rawFolder: string): Promise<string[]> {
  return (await readdir(rawFolder).catch(() => [])).filter((name) => /^server-.+\.log$/.test(name)).sort()
}

type Logged = Pick<Call, 'server'>

class Reader {
  readonly #requestId: string
  readonly #durationMs: string | undefined
  readonly #run: string
  readonly #all: readonly Call[]
  readonly #calls: ReadonlyMap<string, Call>
  readonly #strangers = new Map<string, Logged>()
  readonly #twice = new Set<string>()
  readonly #said: Said
  #known = 0
  #timed = false

  constructor(history: History, requestId: string, durationMs: string | undefined) {
    this.#requestId = requestId
    this.#durationMs = durationMs
    this.#run = `${history.manifest.run}-`
    this.#all = history.calls
    this.#calls = new Map(history.calls.map((call) => [call.call, call]))
    this.#said = new Said(history)
  }

  take(text: string, instance: string): void {
    const line = jsonObject(text)
    if (!line) return
    const id = fieldOf(line, this.#requestId)
    if (typeof id !== 'string') this.#said.takeOwn(line, text)
    else if (id.startsWith(this.#run)) this.#takeCall(id, line, instance)
  }

  #takeCall(id: string, line: Record<string, unknown>, instance: string): void {
    const call = this.#calls.get(id)
    if (call) this.#said.takeTimes(line, call.phase)
    const logged: Logged = call ?? this.#strangers.get(id) ?? {}
    const before = logged.server
    if (!call && !before) this.#strangers.set(id, logged)
    if (call && !before) this.#known++
    const took = durationOf(line, this.#durationMs)
    this.#timed ||= took !== undefined
    // The one that is kept has a duration as soon as any of its call's lines has.
    if (took !== undefined && before?.durationMs !== undefined) this.#twice.add(id)
    if (before && (before.durationMs ?? -1) >= (took ?? -1)) return
    logged.server = took === undefined ? { instance } : { instance, durationMs: took }
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

function durationOf(line: Record<string, unknown>, field: string | undefined): number | undefined {
  for (const name of field === undefined ? DURATION_FIELDS : [field]) {
    const value = fieldOf(line, name)
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  }
  return undefined
}

/** `req.id` steps into an object, unless there is a field of that very name. */
function fieldOf(line: Record<string, unknown>, field: string): unknown {
  if (field in line) return line[field]
  let value: unknown = line
  for (const step of field.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined
  return value
}

/** Undefined for a line that is no JSON object. */
function jsonObject(text: string): Record<string, unknown> | undefined {
  return text.startsWith('{') ? parsed(text) : undefined
}
