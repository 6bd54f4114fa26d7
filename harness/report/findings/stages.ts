// Where the time of slow calls went: the stage that took most of it, by the server's own words, whatever it calls its stages. A deadline
// that was missed is usually named after the tool, and lies in what stands before or behind it: a limiter that waits for its store, a pause
// that an upstream asked for. Stages are the time fields of the log's lines about a call (`limiter_ms`, `queueMs`) and the spans below it.
//
// Parameters: calls that show a fail, their log lines. Ours: a call is slow from 500 ms on, and half of them must be; a stage is told from
// 60 % of their time on, and that none took it where all together come to less than 40 %. Not modelled: stages side by side, of which each
// counts whole; calls that were turned away, which waited in a line that their refusal names.
import type { CallLogs } from '../../history/call-log.ts'
import type { Call } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { timeInside } from '../../history/queries.ts'
import { DURATION_FIELDS } from '../../history/server-log.ts'
import { duration, percent } from '../figures.ts'
import { code } from './quote.ts'
import { spansOf } from './witness.ts'

const SLOW_MS = 500
const LEAST_CALLS = 2
const MOST = 0.6
const LITTLE = 0.4

const TURNED_AWAY: ReadonlySet<Call['class']> = new Set(['refused', 'shed', 'queue', 'draining', 'unreachable'])
/** Fields that tell a time to come, not one that was spent. */
const TO_COME = /retry|timeout|deadline/i

/** A sentence; undefined where too few were slow, the server shows no stages, or none stands out. */
export function whereTimeWent(history: History, calls: readonly Call[], logs: CallLogs): string | undefined {
  const slow = calls.flatMap((call) => {
    const tookMs = timeInside(call)
    return tookMs >= SLOW_MS && !TURNED_AWAY.has(call.class) ? [{ call, tookMs, stages: stagesOf(history, call, tookMs, logs) }] : []
  })
  const told = slow.filter(({ stages }) => stages.size > 0)
  if (told.length < LEAST_CALLS || told.length * 2 < calls.length) return undefined
  const wholeMs = told.reduce((sum, { tookMs }) => sum + tookMs, 0)
  const sums = new Map<string, number>()
  for (const { stages } of told) for (const [name, ms] of stages) sums.set(name, (sums.get(name) ?? 0) + ms)
  const [longest] = [...sums].sort(([, a], [, b]) => b - a)
  const of = `of the time of ${told.length} such calls`
  if (longest && longest[1] >= MOST * wholeMs)
    return `${percent(longest[1] / wholeMs)} ${of} was ${code(longest[0], 60)}: begin with what waits there, and bound that.`
  const known = [...sums.values()].reduce((sum, ms) => sum + ms, 0) / wholeMs
  if (known >= LITTLE) return undefined
  const [first] = told
  return `${percent(1 - known)} ${of} lies in no stage that the log or the trace names${first ? afterWhat(history, first.call, first.tookMs) : ''}.`
}

/** Ms by stage; the same stage in log and trace is told by two names. */
function stagesOf(history: History, call: Call, tookMs: number, logs: CallLogs): Map<string, number> {
  const stages = new Map<string, number>()
  const add = (name: string, ms: number) => stages.set(name, Math.min(tookMs, (stages.get(name) ?? 0) + ms))
  const whole = new Set([...DURATION_FIELDS, history.manifest.observed.durationMs])
  for (const [field, value] of (logs.get(call.call) ?? []).flatMap(({ text }) => fieldsOf(text)))
    if (typeof value === 'number' && value > 0 && /(_ms|Ms)$/.test(field) && !whole.has(field) && !TO_COME.test(field)) add(field, value)
  for (const { depth, name, fromMs, tookMs: ms } of spansOf(history, call))
    if (depth > 0) add(name, Math.max(0, Math.min(ms, tookMs - fromMs)))
  return stages
}

function fieldsOf(text: string): [string, unknown][] {
  try {
    return Object.entries(JSON.parse(text) as Record<string, unknown>)
  } catch {
    return []
  }
}

/** `: the last that it shows, upstream GET, ended 10 ms after it was sent`: what is done then is what takes the time. */
function afterWhat(history: History, call: Call, tookMs: number): string {
  const inside = spansOf(history, call).filter(({ depth, fromMs }) => depth > 0 && fromMs < tookMs)
  const last = inside.sort((a, b) => b.fromMs + b.tookMs - a.fromMs - a.tookMs)[0]
  return last
    ? `; in ${code(call.call, 80)} it follows ${code(last.name, 60)}, which ended at ${duration(Math.round(last.fromMs + last.tookMs))} of ${duration(Math.round(tookMs))}`
    : ''
}
