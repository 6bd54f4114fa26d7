// What the server's own log (raw/server-<n>.log) says beside the lines of single calls (call-log.ts): what the server told of itself
// while the load was on, and how its own times (`db_ms`, `queueMs`) lay in each phase. For people and for who mends the server; the
// checks do not read it.
// Bounds: 1,000 characters a line, 8 kinds of own lines, 20,000 times a field and phase.
// Not modelled: lines that are no JSON; a log that names its calls otherwise than by the field that the target tells.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { parsed } from './json.ts'

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

/** Where no logs are observed. */
export const NOTHING_SAID: ServerSaid = { own: [], times: new Map() }

export class Said implements ServerSaid {
  readonly times = new Map<string, Map<Call['phase'], number[]>>()
  readonly #kinds = new Map<string, OwnLines>()
  readonly #t0Ms: number
  readonly #endMs: number

  constructor({ manifest, plan }: Pick<History, 'manifest' | 'plan'>) {
    this.#t0Ms = manifest.t0Ms ?? 0
    this.#endMs = plan.endsAtMs
  }

  get own(): OwnLines[] {
    return [...this.#kinds.values()].sort((a, b) => a.firstMs - b.firstMs)
  }

  /** Of a call of that phase. */
  takeTime(field: string, phase: Call['phase'], value: number): void {
    const phases = this.times.get(field) ?? new Map<Call['phase'], number[]>()
    const values = phases.get(phase) ?? []
    if (values.length === TIMES_MAX) return
    values.push(value)
    if (values.length === 1) this.times.set(field, phases.set(phase, values))
  }

  /** A line about no call. What was said before the load began (settings, addresses) or after it (the stop) is no answer to it. */
  takeOwn(text: string): void {
    const line = parsed<Record<string, unknown>>(text) ?? {}
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
