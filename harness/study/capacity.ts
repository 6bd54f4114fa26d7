// The knee: the largest open load whose good answers are at least 95 % of what was asked, by doubling and then halving the distance. Beside
// it what Little's law calls for: connections in use = calls a second × seconds that each holds one; and
// the least limit of calls at once that would let them in (room). Hold times are the server's own where its
// log tells them (`db_ms`); else the time inside at the least load, where nobody waits for a connection.
//
// One role, reads of what is in one pool, budgets out of the way. Advice: for the knee's rate the pool and the calls at once; for the
// pool as it is, the rate. The range is that of the mean hold time (95 %). Not modelled: a knee that the generator's own cores make.
import { intents, timeInside } from '../history/queries.ts'
import type { Settings } from '../plan/plan.ts'
import type { Study } from './page.ts'
import { leastRoom } from './room.ts'
import { type Laboratory, NO_BUDGETS, type Tried } from './study.ts'

const FIRST_PER_S = 20
const MOST_PER_S = 320
const HALVINGS = 3
const GOOD_SHARE = 0.95
const STEADY_S = 8
const AGENTS = 20
const LEAST_HELD = 30

export interface Point {
  perS: number
  share: number
  /** Mean ms that a call holds a connection, where the server tells, and that it is inside; with the half-width of the 95 % interval. */
  held?: Mean
  inside: Mean
  /** When calls were sent, ms, in order. */
  cameMs: readonly number[]
  /** Each call's time with a connection, ms, where the server tells. */
  heldMs: readonly number[]
}

interface Mean {
  ms: number
  offMs: number
}

export interface Advice {
  /** How long a call holds a connection at the best load. */
  held: Mean
  rate: Range
  pool: Range
  atOnce: number
}

export type Range = { is: number; from: number; to: number }

export async function capacity(laboratory: Laboratory, command: string, poolMax = 4): Promise<Study> {
  const points: Point[] = []
  const holds = async (perS: number): Promise<boolean> => {
    const point = await measure(laboratory, perS, poolMax)
    points.push(point)
    laboratory.say(`${perS} calls a second: ${percent(point.share)} good, ${timesOf(point)}`)
    return point.share >= GOOD_SHARE
  }
  await knee(holds)
  const good = points.filter(({ share }) => share >= GOOD_SHARE).sort((a, b) => a.perS - b.perS)
  const best = good.at(-1)
  const most = Math.max(...points.map(({ perS }) => perS))
  const open = best === undefined || best.perS === most
  const advice = best && adviceOf(best, points, poolMax)
  return {
    title: 'Capacity',
    says:
      best && advice
        ? `${open ? 'More than' : 'About'} ${best.perS} calls a second, with pools of ${poolMax} and ${round(advice.held.ms)} ms a call`
        : `Not even ${FIRST_PER_S} calls a second`,
    tone: open ? 'unknown' : 'pass',
    about: `The largest load of which at least ${percent(GOOD_SHARE)} was answered well, found by ${points.length} runs of ${STEADY_S} s each.`,
    plots: [
      { title: 'Good answers by load', caption: 'Share of what was asked for; the line is what must be reached.', spec: plot(points) },
    ],
    tables: [...(best && advice ? [adviceTable(advice, best, poolMax)] : []), pointsTable(points)],
    command,
    notes: [
      ...(open ? ['No load was found at which it stops keeping up, or none at which it does.'] : []),
      ...(best && !best.held
        ? ['The server does not tell how long a call holds a connection: taken is the time inside at the least load.']
        : []),
    ],
  }
}

/** Doubles from the first until it does not hold, then halves the distance. @param holds tries one rate */
export async function knee(holds: (perS: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, FIRST_PER_S]
  while (await holds(high)) {
    low = high
    if (high >= MOST_PER_S) return low
    high = Math.min(MOST_PER_S, high * 2)
  }
  for (let n = 0; n < HALVINGS && high - low > Math.max(1, low * 0.05); n++) {
    const middle = Math.round((low + high) / 2)
    if (await holds(middle)) low = middle
    else high = middle
  }
  return low
}

/** One rate, with pools of that size. */
export async function measure({ run, holdMs }: Laboratory, perS: number, poolMax: number, more: Partial<Settings> = {}): Promise<Point> {
  const load = [{ persona: 'steady' as const, agents: AGENTS, role: 'cheapRead' as const, everyMs: Math.round((AGENTS * 1_000) / perS) }]
  const settings = { ...NO_BUDGETS, poolMax, queueMax: 50, acquireTimeoutMs: 500, ...more }
  return pointOf(perS, await run({ load, steadyS: STEADY_S, linkMs: holdMs, settings, checks: ['queue-bounded', 'bounded-time'] }))
}

function pointOf(perS: number, { history }: Tried): Point {
  const asked = intents(history.calls).filter(({ first }) => first.phase === 'steady')
  const served = asked.filter(({ first }) => first.outcome === 'ok').map(({ first }) => first)
  const heldMs = [...(history.said.times.get('db_ms')?.get('steady') ?? [])]
  const good = asked.filter((intent) => intent.good).length
  return {
    perS,
    share: asked.length === 0 ? 0 : good / asked.length,
    inside: meanOf(served.map(timeInside)),
    cameMs: asked.map(({ first }) => first.sentAtMs).sort((a, b) => a - b),
    heldMs,
    ...(heldMs.length >= LEAST_HELD && { held: meanOf(heldMs) }),
  }
}

/** What was measured calls for at the best load, and what the pool as it is can carry. @param points all loads that were tried */
export function adviceOf(best: Point, points: readonly Point[], poolMax: number): Advice {
  const quiet = points.reduce((least, point) => (point.perS < least.perS ? point : least))
  const held = best.held ?? quiet.inside
  const range = (of: (ms: number) => number): Range => {
    const ends = [of(Math.max(0.01, held.ms - held.offMs)), of(held.ms + held.offMs)]
    return { is: of(held.ms), from: Math.min(...ends), to: Math.max(...ends) }
  }
  const passed = {
    cameMs: best.cameMs,
    heldMs: best.held ? best.heldMs : [held.ms],
    besideMs: quiet.held ? Math.max(0, quiet.inside.ms - quiet.held.ms) : 0,
  }
  return {
    held,
    rate: range((ms) => Math.round((poolMax * 1_000) / ms)),
    pool: range((ms) => Math.max(1, Math.ceil((best.perS * ms) / 1_000))),
    atOnce: leastRoom(passed, poolMax, GOOD_SHARE),
  }
}

function meanOf(values: readonly number[]): Mean {
  const ms = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - ms) ** 2, 0) / Math.max(1, values.length - 1)
  return { ms, offMs: 1.96 * Math.sqrt(variance / values.length) }
}

function adviceTable({ rate, pool, atOnce }: Advice, best: Point, poolMax: number): Study['tables'][number] {
  const told = ({ is, from, to }: Range) => [String(is), from === to ? String(is) : `${from} to ${to}`]
  return {
    title: 'What is called for: pool and rate by the hold times (Little’s law), calls at once by the arrivals',
    head: ['', 'configured', 'called for', 'range'],
    rows: [
      [`pool, for ${best.perS} calls a second`, poolMax, ...told(pool)],
      [
        `calls at once, for ${best.perS} calls a second`,
        'no limit in this study',
        String(atOnce),
        `the fewest that let ${percent(GOOD_SHARE)} in`,
      ],
      [`calls a second, for a pool of ${poolMax}`, `${best.perS} measured`, ...told(rate)],
    ],
  }
}

function pointsTable(points: readonly Point[]): Study['tables'][number] {
  const rows = points
    .toSorted((a, b) => a.perS - b.perS)
    .map(({ perS, share, held, inside }) => [
      `${perS} a second`,
      percent(share),
      held ? `${round(held.ms)} ms` : 'not told',
      `${round(inside.ms)} ms`,
    ])
  return { title: 'Runs', head: ['asked for', 'good', 'held', 'inside'], rows }
}

function plot(points: readonly Point[]): Study['plots'][number]['spec'] {
  const values = points.toSorted((a, b) => a.perS - b.perS)
  const x = { field: 'perS', type: 'quantitative' as const, axis: { title: null, grid: false, labelExpr: "datum.label + ' /s'" } }
  const y = { field: 'share', type: 'quantitative' as const, scale: { domain: [0, 1] }, axis: { title: null, format: '%' } }
  return {
    height: 180,
    layer: [
      {
        data: { values: [{ share: GOOD_SHARE }] },
        mark: { type: 'rule', strokeDash: [4, 3], color: 'var(--line-strong)' },
        encoding: { y },
      },
      {
        data: { values },
        mark: { type: 'line', color: 'var(--good)', point: { filled: true, color: 'var(--good)', size: 50 } },
        encoding: { x, y },
      },
    ],
  } as Study['plots'][number]['spec']
}

function timesOf({ held, inside }: Point): string {
  return held ? `each holds a connection for ${round(held.ms)} ms` : `each is inside for ${round(inside.ms)} ms`
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
