// What the server's own log (raw/server-<n>.log) says beside the lines of single calls (call-log.ts): what the server told of itself
// while the load was on, and how its own times (`db_ms`, `queueMs`) lay in each phase. For people and for who mends the server; the
// checks do not read it.
// Bounds: 1,000 characters a line, 8 kinds of own lines, 20,000 times a field and phase.
// Not modelled: lines that are no JSON; a log that names its calls otherwise than by the field that the target tells.
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { textLines } from './lines.ts'
import { fieldOf, jsonObject } from './server-log.ts'

const LINE_MAX = 1_000
const KINDS_MAX = 8
const TIMES_MAX = 20_000

/** Lines about no call that differ only in their times and numbers. */
export interface OwnLines {
  /** The first of them. */
  text: string
  times: number
  /** Ms since the run's start. */
  firstMs: number
  lastMs: number
}

export interface ServerSaid {
  /** In the order of their first. */
  own: readonly OwnLines[]
  /** `db_ms` → phase → values of its calls, unordered. */
  times: ReadonlyMap<string, ReadonlyMap<Call['phase'], readonly number[]>>
}

/** Nothing where the target's logs are not observed. */
export async function readServerSaid(folder: string, history: History): Promise<ServerSaid> {
  const { requestId } = history.manifest.observed
  if (requestId === undefined) return { own: [], times: new Map() }
  const reader = new Reader(history, requestId)
  const raw = path.join(folder, 'raw')
  const names = (await readdir(raw).catch(() => [])).filter((name) => /^server-.+\.log$/.test(name)).sort()
  for (const name of names) for await (const { text } of textLines(path.join(raw, name))) reader.take(text)
  return reader
}

class Reader implements ServerSaid {
  readonly times = new Map<string, Map<Call['phase'], number[]>>()
  readonly #kinds = new Map<string, OwnLines>()
  readonly #requestId: string
  readonly #phases: ReadonlyMap<string, Call['phase']>
  readonly #run: string
  readonly #t0Ms: number
  readonly #endMs: number

  constructor({ manifest, plan, calls }: History, requestId: string) {
    this.#requestId = requestId
    this.#phases = new Map(calls.map(({ call, phase }) => [call, phase]))
    this.#run = manifest.run
    this.#t0Ms = manifest.t0Ms ?? 0
    this.#endMs = plan.endsAtMs
  }

  get own(): OwnLines[] {
    return [...this.#kinds.values()].sort((a, b) => a.firstMs - b.firstMs)
  }

  take(text: string): void {
    const line = jsonObject(text)
    if (!line) return
    const call = fieldOf(line, this.#requestId)
    if (typeof call !== 'string') this.#takeOwn(line, text)
    else if (call.startsWith(`${this.#run}-`)) this.#takeTimes(line, this.#phases.get(call))
  }

  #takeTimes(line: Record<string, unknown>, phase: Call['phase'] | undefined): void {
    if (phase === undefined) return
    for (const field in line) {
      const value = line[field]
      if (typeof value !== 'number' || !/(_ms|Ms)$/.test(field)) continue
      const phases = this.times.get(field) ?? new Map<Call['phase'], number[]>()
      const values = phases.get(phase) ?? []
      if (values.length === TIMES_MAX) continue
      values.push(value)
      if (values.length === 1) this.times.set(field, phases.set(phase, values))
    }
  }

  /** What was said before the load began (settings, addresses) or after it (the stop) is no answer to it. */
  #takeOwn(line: Record<string, unknown>, text: string): void {
    const atMs = timeOf(line)
    const sinceMs = atMs === undefined ? undefined : atMs - this.#t0Ms
    if (sinceMs === undefined || sinceMs < 0 || sinceMs > this.#endMs) return
    const kind = JSON.stringify(line, (_, value: unknown) => (typeof value === 'number' || isTime(value) ? '' : value))
    const known = this.#kinds.get(kind)
    if (known) {
      known.times++
      known.lastMs = sinceMs
    } else if (this.#kinds.size < KINDS_MAX) {
      this.#kinds.set(kind, { text: text.slice(0, LINE_MAX), times: 1, firstMs: sinceMs, lastMs: sinceMs })
    }
  }
}

const TIME_FIELDS = ['time', 'timestamp', '@timestamp', 'ts', 't']

/** Wall-clock ms: ISO 8601, or seconds or milliseconds since 1970. */
function timeOf(line: Record<string, unknown>): number | undefined {
  for (const name of TIME_FIELDS) {
    const value = line[name]
    const ms = typeof value === 'number' ? (value < 1e11 ? value * 1_000 : value) : isTime(value) ? Date.parse(value) : Number.NaN
    if (Number.isFinite(ms)) return ms
  }
  return undefined
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value)
}
