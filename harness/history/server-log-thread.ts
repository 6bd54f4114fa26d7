// The thread that reads the server's logs (server-log.ts) and takes their lines apart, while the program reads the generator's. What it hands
// over is little: of a line about a call of this run its id, how long it took and the server's own times; a line about no call as it is
// written. Bound: 256 MB that are handed over and not yet taken; then it waits.
import { once } from 'node:events'
import path from 'node:path'
import { type MessagePort, workerData } from 'node:worker_threads'
import { chunksOf } from './chunks.ts'
import { parsed } from './json.ts'
import { DURATION_FIELDS, serverLogs } from './server-log.ts'

const AHEAD_MAX_BYTES = 256 * 1_048_576

/** What the thread is told. */
export interface LogOrder {
  /** Takes parts, gives back the bytes of each that was taken; closed behind the last. */
  port: MessagePort
  rawFolder: string
  run: string
  /** Which field of a line has its call's id, and which how long that took; `undefined`: the usual ones. */
  requestId: string
  durationMs: string | undefined
}

/** Some lines of one log, in their order: of calls, and of none. */
export interface LogPart {
  instance: string
  ids: string[]
  /** Of each id's line; NaN: it names none. */
  tookMs: Float64Array
  /** How many of `times` are of each id's line, one line after the other. */
  counts: Uint32Array
  /** Every number in a field whose name ends in `_ms` or `Ms`, and which field that is. */
  times: Float64Array
  fieldNumbers: Uint32Array
  fields: string[]
  /** Lines about no call. */
  own: string[]
  /** Roughly what all this takes. */
  bytes: number
}

const { port, rawFolder, run, requestId, durationMs } = workerData as LogOrder
let aheadBytes = 0
port.on('message', (takenBytes: number) => {
  aheadBytes -= takenBytes
})
for (const name of await serverLogs(rawFolder)) {
  const instance = name.slice('server-'.length, -'.log'.length)
  for await (const { texts } of chunksOf(path.join(rawFolder, name))) {
    const part = partOf(texts, instance)
    const { tookMs, counts, times, fieldNumbers, bytes } = part
    port.postMessage(part, [tookMs.buffer, counts.buffer, times.buffer, fieldNumbers.buffer] as ArrayBuffer[])
    aheadBytes += bytes
    while (aheadBytes > AHEAD_MAX_BYTES) await once(port, 'message')
  }
}
port.close()

function partOf(texts: string[], instance: string): LogPart {
  const ids: string[] = []
  const own: string[] = []
  const tookMs: number[] = []
  const counts: number[] = []
  const times: number[] = []
  const fieldNumbers: number[] = []
  const fields = new Map<string, number>()
  let characters = 0
  for (const text of texts) {
    const line = text.startsWith('{') ? parsed<Record<string, unknown>>(text) : undefined
    if (!line) continue
    const id = fieldOf(line, requestId)
    if (typeof id !== 'string') {
      own.push(text)
      characters += text.length
    } else if (id.startsWith(`${run}-`)) {
      const before = times.length
      for (const name in line) {
        const value = line[name]
        if (typeof value !== 'number' || !(name.endsWith('_ms') || name.endsWith('Ms'))) continue
        const field = fields.get(name) ?? fields.size
        if (field === fields.size) fields.set(name, field)
        times.push(value)
        fieldNumbers.push(field)
      }
      ids.push(id)
      characters += id.length
      counts.push(times.length - before)
      tookMs.push(durationOf(line, durationMs) ?? Number.NaN)
    }
  }
  return {
    instance,
    ids,
    tookMs: new Float64Array(tookMs),
    counts: new Uint32Array(counts),
    times: new Float64Array(times),
    fieldNumbers: new Uint32Array(fieldNumbers),
    fields: [...fields.keys()],
    own,
    bytes: characters + 12 * (ids.length + times.length),
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
