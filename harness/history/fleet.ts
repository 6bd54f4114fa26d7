// The generators that share a plan, as the merge found them: who began, who died, who never started, and how far off each clock may be.
// A plan of so many agents is dealt out like cards: the n-th generator has the agents whose place in the plan is n modulo their number
// (k6's execution segments of equal length do the same). So the agents of a generator of which nothing at all was heard are known too.
// Not modelled: segments of unequal length.

import type { History } from './history.ts'
import type { LoadFile } from './load-file.ts'
import type { GeneratorRecord } from './manifest.ts'
import type { GeneratorLine } from './raw-line.ts'

/** More uncertain than this, and what rests on time between generators, or between them and the server, cannot be known (ours). */
const CLOCK_UNCERTAIN_MS = 20

/** How a generator's clock stands to the one that all are told on. */
export interface ClockOffset {
  /** What to add to it, ms. */
  offsetMs: number
  /** How far off that may be, either way, ms. */
  uncertaintyMs: number
}

/** The agents of the n-th generator, from 1. */
function agentsOf({ agents }: Pick<History['plan'], 'agents'>, part: number, of: number): string[] {
  return agents.flatMap(({ agent }, position) => (position % of === part - 1 ? [agent] : []))
}

/**
 * From all that was measured of one clock during the run: the middle of the offsets, and as uncertain as the widest of their own bounds.
 * A clock that is stepped or drifts meanwhile is thereby uncertain.
 */
function offsetOf(measured: readonly ClockOffset[]): ClockOffset | undefined {
  if (measured.length === 0) return undefined
  const low = Math.min(...measured.map(({ offsetMs, uncertaintyMs }) => offsetMs - uncertaintyMs))
  const high = Math.max(...measured.map(({ offsetMs, uncertaintyMs }) => offsetMs + uncertaintyMs))
  const best = measured.reduce((a, b) => (b.uncertaintyMs < a.uncertaintyMs ? b : a))
  // Where they overlap the truth lies in the best of them; where they do not, anywhere between.
  const agree = measured.every(({ offsetMs, uncertaintyMs }) => Math.abs(offsetMs - best.offsetMs) <= uncertaintyMs + best.uncertaintyMs)
  return agree
    ? { offsetMs: best.offsetMs, uncertaintyMs: best.uncertaintyMs }
    : { offsetMs: (low + high) / 2, uncertaintyMs: (high - low) / 2 }
}

/**
 * Every clock on that of the harness, by its generator's number; one of which nothing is said runs on the harness's machine.
 * @returns undefined for a clock that was never measured
 */
export function clockOffsets(lines: readonly GeneratorLine[]): (part: number) => ClockOffset | undefined {
  const measured = Map.groupBy(
    lines.flatMap(({ part, event, offsetMs = 0, uncertaintyMs = 0 }) => (event === 'clock' ? [{ part, offsetMs, uncertaintyMs }] : [])),
    ({ part }) => part,
  )
  const here = { offsetMs: 0, uncertaintyMs: 0 }
  const harness = offsetOf(measured.get(0) ?? []) ?? here
  return (part) => {
    const own = offsetOf(measured.get(part) ?? [])
    if (own) return { offsetMs: own.offsetMs - harness.offsetMs, uncertaintyMs: own.uncertaintyMs + harness.uncertaintyMs }
    return lines.some((line) => line.part === part) ? undefined : here
  }
}

/** What became of one generator. */
export function recordOf(
  plan: Pick<History['plan'], 'agents'>,
  { part, of, file }: { part: number; of: number; file: LoadFile },
): Omit<GeneratorRecord, 'laterMs' | keyof ClockOffset> {
  const own = agentsOf(plan, part, of)
  const { name, lines, speakers, stopped, starts } = file
  const open = own.filter((agent) => !stopped.has(agent)).length
  const expected = new Set(own)
  const strangers = [...speakers].filter((agent) => !expected.has(agent)).sort()
  const state = lines === 0 ? 'never-started' : open > 0 ? 'died' : 'ended'
  return {
    part,
    of,
    file: name,
    state,
    agents: own.length,
    open,
    lines,
    starts: starts.length,
    ...(strangers.length > 0 && { strangers }),
  }
}

/** What is odd about the fleet, in sentences. */
export function fleetNotes(plan: Pick<History['plan'], 'agents'>, records: readonly GeneratorRecord[]): string[] {
  return records.flatMap((record) => {
    const { part, of, file, state, agents, open, starts, laterMs, strangers = [] } = record
    const who = `generator ${part} of ${of}`
    const own = agentsOf(plan, part, of)
    const uncertain = uncertainClock(record)
    return [
      ...(state === 'never-started' ? [`${who} never started: nothing was heard of its ${agents} agents (${own[0]} … ${own.at(-1)})`] : []),
      ...(state === 'died' ? [`${who} died: ${open} of its ${agents} agents have no end in raw/${file}`] : []),
      ...(starts > 1 ? [`${who} began ${starts} times: raw/${file} has as many start lines`] : []),
      ...(laterMs > CLOCK_UNCERTAIN_MS ? [`${who} began ${Math.round(laterMs)} ms after the first`] : []),
      ...(uncertain === undefined ? [] : [uncertain]),
      ...(strangers.length > 0 ? [`raw/${file} has lines of agents of another generator: ${strangers.slice(0, 3).join(', ')}`] : []),
    ]
  })
}

/** Why what rests on time cannot be known of this generator; undefined when it can. */
export function uncertainClock({ part, of, file, state, starts, uncertaintyMs }: GeneratorRecord): string | undefined {
  if (state === 'never-started') return undefined
  if (starts === 0) return `raw/${file} has no start line: when generator ${part} of ${of} began is not known`
  if (uncertaintyMs === undefined) return `the clock of generator ${part} of ${of} was never measured`
  if (uncertaintyMs <= CLOCK_UNCERTAIN_MS) return undefined
  return `the clock of generator ${part} of ${of} is uncertain by ${Math.round(uncertaintyMs)} ms, limit ${CLOCK_UNCERTAIN_MS} ms`
}
