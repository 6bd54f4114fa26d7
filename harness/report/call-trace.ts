// Where the time of one call went, as rows on one clock: the model's turn before it, the call as its agent felt it, and
// what happened inside the server. The inside comes from the spans that the server sent to the harness's collector,
// where there are any: true moments. Else from the timings in the server's own log line, whose lengths are true and
// whose order is a guess: they are laid one after the other, in the middle of the call. Else there is none. What a span
// is about is read from its attributes and its name (OpenTelemetry's conventions). Bounds: 40 spans a call.
import type { LoggedLine } from '../history/call-log.ts'
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { parsed } from '../history/json.ts'
import { once } from '../history/once.ts'
import type { SpanLine } from '../history/raw-line.ts'
import { agentSpanOf } from '../history/spans.ts'

const SPANS_MAX = 40

export type Part = 'model' | 'late' | 'call' | 'server' | 'queue' | 'postgres' | 'redis' | 'upstream' | 'other'

export interface TraceRow {
  name: string
  part: Part
  /** Ms since the run's start. */
  fromMs: number
  toMs: number
  depth: number
  note?: string
}

export interface CallTrace {
  inside: 'spans' | 'log' | 'nothing'
  rows: TraceRow[]
}

const byTrace = once((spans: History['spans']) => Map.groupBy(spans, ({ trace }) => trace))

/** In the order of the history. */
export function spansOfTrace({ spans }: History, trace: string): readonly SpanLine[] {
  return byTrace(spans).get(trace) ?? []
}

/**
 * @param task all calls of its task
 * @param spans those of its trace
 */
export function traceOf(call: Call, task: readonly Call[], spans: readonly SpanLine[], log: readonly LoggedLine[]): CallTrace {
  const outside = outsideRows(call, task)
  const own = ownSpans(call, spans)
  if (own.length > 0) return { inside: 'spans', rows: [...outside, ...own] }
  const logged = loggedRows(call, log)
  return { inside: logged.length > 0 ? 'log' : 'nothing', rows: [...outside, ...logged] }
}

function outsideRows(call: Call, task: readonly Call[]): TraceRow[] {
  const { plannedAtMs, sentAtMs, endedAtMs, timeoutMs, attempt } = call
  const before = task.filter((other) => other.endedAtMs !== undefined && other.endedAtMs <= plannedAtMs && other.sentAtMs < sentAtMs)
  const endedMs = before.reduce((latest, other) => Math.max(latest, other.endedAtMs ?? 0), Number.NEGATIVE_INFINITY)
  const rows: TraceRow[] = []
  if (plannedAtMs - endedMs > 1 && Number.isFinite(endedMs))
    rows.push({
      name: attempt > 1 ? 'wait before asking again' : 'model turn',
      part: 'model',
      fromMs: endedMs,
      toMs: plannedAtMs,
      depth: 0,
    })
  if (sentAtMs - plannedAtMs > 1) rows.push({ name: 'left late', part: 'late', fromMs: plannedAtMs, toMs: sentAtMs, depth: 0 })
  const note = endedAtMs === undefined ? 'never answered' : undefined
  const toMs = endedAtMs ?? sentAtMs + timeoutMs
  return [...rows, { name: call.tool, part: 'call', fromMs: sentAtMs, toMs, depth: 0, ...(note && { note }) }]
}

/** Those that descend from the call's own span, parents before children; where nobody passed it on, those within its time. */
function ownSpans(call: Call, all: readonly SpanLine[]): TraceRow[] {
  const id = agentSpanOf(call) ?? ''
  const children = Map.groupBy(all, ({ parent }) => parent ?? '')
  const within = ({ atMs, endedAtMs }: SpanLine) =>
    atMs >= call.sentAtMs - 50 && endedAtMs <= (call.endedAtMs ?? call.sentAtMs + call.timeoutMs) + 50
  const known = new Set(all.map(({ span }) => span))
  const roots = children.get(id) ?? all.filter((span) => !known.has(span.parent ?? '') && within(span) && call.attempt === 1)
  const rows: TraceRow[] = []
  const seen = new Set<SpanLine>()
  const add = (span: SpanLine, depth: number) => {
    if (seen.has(span) || rows.length >= SPANS_MAX) return
    seen.add(span)
    rows.push(rowOf(span, depth))
    for (const child of children.get(span.span) ?? []) add(child, depth + 1)
  }
  for (const root of roots) {
    add(root, 1)
    rows.push(...queued(root, children.get(root.span) ?? []))
  }
  return rows.slice(0, SPANS_MAX)
}

/** A server that tells its wait in a queue as a figure of its span: how long is true, when is a guess, which the row says. */
function queued({ atMs, attributes }: SpanLine, children: readonly SpanLine[]): TraceRow[] {
  const told = Object.entries(attributes).find(([name]) => /queue[._]?(?:wait)?_?ms$/i.test(name))?.[1]
  if (typeof told !== 'number' || told < 0.05) return []
  const toMs = Math.max(atMs + told, Math.min(...children.map((child) => child.atMs)))
  const until = Number.isFinite(toMs) ? toMs : atMs + told
  return [
    { name: 'queue', part: 'queue', fromMs: until - told, toMs: until, depth: 2, note: 'before the first part; only its length is told' },
  ]
}

function rowOf(span: SpanLine, depth: number): TraceRow {
  const { name, atMs, endedAtMs, attributes } = span
  const error = attributes['error.type'] ?? attributes['otel.status_description']
  return { name, part: partOf(span), fromMs: atMs, toMs: endedAtMs, depth, ...(error !== undefined && { note: String(error) }) }
}

function partOf({ name, role, attributes }: SpanLine): Part {
  const system = String(attributes['db.system.name'] ?? attributes['db.system'] ?? '')
  if (/redis|valkey/i.test(system)) return 'redis'
  if (system !== '') return 'postgres'
  return byName(name) ?? (role === 'server' ? 'server' : role === 'client' ? 'upstream' : 'other')
}

function byName(name: string): Part | undefined {
  if (/queue|wait|acquire|bulkhead/i.test(name)) return 'queue'
  if (/postgres|\bpg\b|\bdb\b|\bsql\b/i.test(name)) return 'postgres'
  if (/redis|limiter/i.test(name)) return 'redis'
  if (/upstream|\bhttp\b/i.test(name)) return 'upstream'
  return undefined
}

/** `queue_ms: 12` → queue, 12 ms; the line with the longest duration is the one about the whole call. */
function loggedRows(call: Call, log: readonly LoggedLine[]): TraceRow[] {
  const took = call.server?.durationMs
  if (took === undefined || call.endedAtMs === undefined) return []
  const timings = log.map(({ text }) => timingsOf(text)).find((found) => found.some(({ ms }) => Math.abs(ms - took) < 0.001)) ?? []
  const fromMs = call.sentAtMs + Math.max(0, (call.endedAtMs - call.sentAtMs - took) / 2)
  const rows: TraceRow[] = [{ name: 'server', part: 'server', fromMs, toMs: fromMs + took, depth: 1 }]
  let atMs = fromMs
  for (const { name, ms } of timings) {
    if (Math.abs(ms - took) < 0.001 || ms < 0.005 || atMs + ms > fromMs + took + 1) continue
    rows.push({ name, part: byName(name) ?? 'other', fromMs: atMs, toMs: atMs + ms, depth: 2 })
    atMs += ms
  }
  return rows.slice(0, SPANS_MAX)
}

/** Fields of a JSON line whose name ends in ms. */
function timingsOf(text: string): { name: string; ms: number }[] {
  const line = parsed(text)
  if (typeof line !== 'object' || line === null) return []
  return Object.entries(line).flatMap(([field, value]) => {
    const name = /^(.+?)(?:_ms|Ms)$/.exec(field)?.[1]
    return name !== undefined && typeof value === 'number' && value >= 0 ? [{ name, ms: value }] : []
  })
}
