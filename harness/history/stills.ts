// Moments in which the machine stood still, and what a recorded run would look like without them. A thread that only sleeps was woken late
// (samplers/machine.ts), and somebody can be named who had the cores meanwhile: the host, or programs that are
// none of the run's. Late alone is not enough: a server that fills the cores is late by its own doing. Pure.
//
// What a still makes late it makes late for as long again, while everybody's backlog is worked off (ours). Only where the server
// runs on the harness's machine. Not modelled: one core that was taken while another was free, and whole machines that are stopped.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { isHere } from './queries.ts'
import { points } from './samples.ts'

/** Shorter ones are no matter to any limit. ours */
const LEAST_MS = 40
/** Of a still, at least so much of one core went to the host, or of all cores to other programs. The clocks of both are coarse. ours */
const STOLEN_LEAST = 0.5
const OTHERS_LEAST = 0.8

export interface Still {
  fromMs: number
  toMs: number
  by: 'the host' | 'other programs'
}

export function stillsOf(history: History): Still[] {
  if (!isHere(history)) return []
  return history.samples.flatMap(({ sampler, atMs: toMs, values: { stillMs = 0, stolenMs = 0 } }): Still[] => {
    if (sampler !== 'machine' || stillMs < LEAST_MS) return []
    const still = { fromMs: toMs - stillMs, toMs }
    if (stolenMs >= stillMs * STOLEN_LEAST) return [{ ...still, by: 'the host' }]
    const othersMs = othersCpuMs(history, still)
    return othersMs >= stillMs * history.manifest.cores * OTHERS_LEAST ? [{ ...still, by: 'other programs' }] : []
  })
}

/** "3 times, 1.2 s in all, 0.54 s at 12.3 s (the host had its cores)": after "stood still". */
export function stillsSaid(stills: readonly Still[]): string {
  const lengths = stills.map(({ fromMs, toMs }) => toMs - fromMs)
  const longest = stills[lengths.indexOf(Math.max(...lengths))]
  if (!longest) return 'never'
  const s = (ms: number) => `${Math.round(ms / 10) / 100} s`
  const all = lengths.reduce((sum, ms) => sum + ms, 0)
  const who = [...new Set(stills.map(({ by }) => by))].join(' and ')
  const most = `${s(longest.toMs - longest.fromMs)} at ${s(longest.fromMs)}`
  return stills.length === 1
    ? `for ${most} (${who} had its cores)`
    : `${stills.length} times, ${s(all)} in all, ${most} (${who} had its cores)`
}

/** CPU that programs outside the run used around a moment. */
function othersCpuMs(history: History, { fromMs, toMs }: { fromMs: number; toMs: number }): number {
  const shares = points(history, 'cpuShare', 'process').filter(({ series }) => series.endsWith(' of others'))
  return shares.reduce((sum, { atMs, value }, position) => {
    const sinceMs = shares[position - 1]?.atMs
    const around = sinceMs !== undefined && sinceMs < toMs && atMs > fromMs
    return around ? sum + value * (atMs - sinceMs) : sum
  }, 0)
}

/**
 * Every duration shorter by what of it was a still, and without the calls that were not good and may have been failed by one:
 * those that spent half of their life in it, and those that would have been in time. What is counted, and not timed, stays.
 * @returns the same history when there was none
 */
export function withoutStills(history: History): History {
  const found = known.get(history) ?? madeWithout(history, stillsOf(history))
  known.set(history, found)
  return found
}

/** Every check whose fail is one of time asks. */
const known = new WeakMap<History, History>()

function madeWithout(history: History, stills: readonly Still[]): History {
  if (stills.length === 0) return history
  const spans = stills.map(({ fromMs, toMs }) => ({ fromMs, toMs: 2 * toMs - fromMs }))
  const heldMs = (fromMs: number, toMs: number) =>
    spans.reduce((sum, span) => sum + Math.max(0, Math.min(toMs, span.toMs) - Math.max(fromMs, span.fromMs)), 0)
  const calls = history.calls.flatMap((call) => {
    const endedAtMs = call.endedAtMs ?? history.plan.endsAtMs
    const held = Math.min(heldMs(call.sentAtMs, endedAtMs), endedAtMs - call.sentAtMs)
    if (!(held > 0)) return [call]
    return isExcused(history, call, held, endedAtMs) ? [] : [shortened(call, held)]
  })
  return { ...history, calls, samples: shortenedSamples(history, heldMs), without: spans }
}

function isExcused({ plan }: History, { good, outcome, evidence, role, sentAtMs }: Call, heldMs: number, endedAtMs: number): boolean {
  if (good) return false
  const lifeMs = endedAtMs - sentAtMs
  const sloMs = role === 'handshake' ? undefined : plan.roles[role]?.sloMs
  const late = outcome === 'ok' && evidence.correct !== false
  return heldMs * 2 >= lifeMs || (late && sloMs !== undefined && lifeMs - heldMs <= sloMs)
}

function shortened(call: Call, heldMs: number): Call {
  const { endedAtMs, server } = call
  return {
    ...call,
    ...(endedAtMs !== undefined && { endedAtMs: endedAtMs - heldMs }),
    ...(server?.durationMs !== undefined && { server: { ...server, durationMs: Math.max(0, server.durationMs - heldMs) } }),
  }
}

/** `poolWaitSecondsMax{pool="cheap"}`, `loopDelaySecondsP99`, `liveMs`. */
const DURATION = /(Seconds|Ms)(Max|P\d+)?(\{.*)?$/s

/** A reading tells of the time since the one before it. Marks that only rise are told as far as they rose outside of stills. */
function shortenedSamples({ samples }: History, heldMs: (fromMs: number, toMs: number) => number): History['samples'] {
  const before = new Map<string, { atMs: number; value: number; told: number }>()
  return samples.map((line) => {
    const durations = Object.entries(line.values).filter(([series]) => DURATION.test(series) && line.sampler !== 'machine')
    if (durations.length === 0) return line
    const values = { ...line.values }
    for (const [series, value] of durations) {
      const name = `${line.sampler} ${line.instance} ${series}`
      const last = before.get(name)
      const ms = value * (series.includes('Seconds') ? 1_000 : 1)
      const held = heldMs((last?.atMs ?? line.atMs) - ms, line.atMs) / (ms > 0 ? ms : 1)
      const own = value * Math.max(0, 1 - held)
      const mark = /Max(\{|$)/.test(series)
      const told = !mark ? own : last && value <= last.value ? last.told : Math.max(last?.told ?? 0, own)
      values[series] = told
      before.set(name, { atMs: line.atMs, value, told })
    }
    return { ...line, values }
  })
}
