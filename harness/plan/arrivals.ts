// When the tasks of a fleet entry arrive, all its agents taken together: Poisson, two-state bursts, heavy-tailed gaps, salvos, or a
// recorded list. "Bursty" is a number here: the index of dispersion that was asked for. A stretch of a run is short, and chance alone
// would miss it by a third, so moments are drawn again, with the shape corrected, until what was drawn is what was asked for.
// Source: Heffes and Lucantoni 1986 (MMPP, its index of dispersion for counts); Schroeder et al., NSDI 2006 (open arrivals).
// Not modelled: arrivals that depend on each other over hours, days of the week.
import { HarnessError } from '../errors.ts'
import type { Draw, Span } from './draw.ts'
import type { Arrivals } from './plan.ts'

export const WINDOW_MS = 1_000
/** Below this two moments are one: the clock of the agents. */
const RESOLUTION_MS = 1
/** Of bursts, where a scenario says no other: how long they last on average, and their part of the time. */
const BURST_MS = 2_000
const BURST_SHARE = 0.2
const TRIES = 60
const CLOSE_ENOUGH = 0.05

/** Variance ÷ mean of the counts in whole windows of the spans; NaN without arrivals. */
export function dispersionOf(moments: readonly number[], spans: readonly Span[], windowMs = WINDOW_MS): number {
  const counts = spans.flatMap(({ fromMs, toMs }) => {
    const windows = new Array<number>(Math.floor((toMs - fromMs) / windowMs)).fill(0)
    for (const at of moments) {
      const window = Math.floor((at - fromMs) / windowMs)
      if (at >= fromMs && window < windows.length) windows[window] = (windows[window] ?? 0) + 1
    }
    return windows
  })
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length
  return counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / counts.length / mean
}

/** The index of dispersion that was asked for; undefined for a recorded list, which is what it is. */
export function askedDispersion(arrivals: Arrivals, ratePerSecond: number): number | undefined {
  if (arrivals.kind === 'poisson') return 1
  if (arrivals.kind === 'recorded') return undefined
  if (arrivals.kind !== 'salvos') return arrivals.dispersion
  // One salvo of n in every n ÷ rate seconds.
  return Math.max(0, arrivals.size - (ratePerSecond * WINDOW_MS) / 1_000)
}

/**
 * @param ratePerSecond of all agents of the entry together
 * @returns moments, ms since the run's start, ascending
 */
export function drawArrivals(arrivals: Arrivals, span: Span, ratePerSecond: number, draw: Draw): number[] {
  if (arrivals.kind === 'recorded') return arrivals.atMs.map((at) => span.fromMs + at).filter((at) => at < span.toMs)
  if (arrivals.kind === 'salvos') {
    const moments = draw.regular(span, (arrivals.size * 1_000) / ratePerSecond).map(Math.floor)
    return moments.flatMap((at) => new Array<number>(arrivals.size).fill(at))
  }
  const asked = askedDispersion(arrivals, ratePerSecond) ?? 1
  const expected = (ratePerSecond * (span.toMs - span.fromMs)) / 1_000
  let best: { moments: number[]; off: number } = { moments: [], off: Number.POSITIVE_INFINITY }
  let shape = asked
  for (let attempt = 1; attempt <= TRIES && best.off > CLOSE_ENOUGH; attempt++) {
    const moments = shaped(arrivals, shape, span, ratePerSecond, draw.fork(`${arrivals.kind}-${attempt}`))
    const measured = dispersionOf(moments, [span])
    const off = Math.max(Math.abs(measured / asked - 1), Math.abs(moments.length / expected - 1) / 2)
    if (off < best.off || best.moments.length === 0) best = { moments, off }
    // Where the shape itself is off it is corrected, by less each time.
    if (measured > 0) shape *= (asked / measured) ** (1 / (1 + attempt / 4))
  }
  return best.moments
}

function shaped(arrivals: Arrivals, dispersion: number, span: Span, ratePerSecond: number, draw: Draw): number[] {
  if (arrivals.kind === 'bursts') return burstMoments(statesOf(arrivals, dispersion, ratePerSecond), span, draw)
  if (arrivals.kind === 'poisson') return renewals(span, () => draw.exponential(1_000_000 / ratePerSecond))
  const spread = Math.sqrt(Math.log(1 + dispersion))
  const median = 1_000_000 / ratePerSecond / Math.exp(spread ** 2 / 2)
  return renewals(span, () => draw.logNormal(median, spread))
}

/** Gaps in µs, moments in whole ms: rounded gaps of a fast process would change its rate. */
function renewals(span: Span, gapUs: () => number): number[] {
  const moments: number[] = []
  const lengthUs = (span.toMs - span.fromMs) * 1_000
  for (let atUs = gapUs(); atUs < lengthUs; atUs += gapUs()) moments.push(span.fromMs + Math.floor(atUs / 1_000))
  return moments
}

interface States {
  busyPerSecond: number
  quietPerSecond: number
  busyMs: number
  quietMs: number
}

/** Rates of the two states, from the mean rate and the index of dispersion for counts of an MMPP over one window. */
function statesOf({ burstMs = BURST_MS, burstShare = BURST_SHARE }: BurstShape, dispersion: number, ratePerSecond: number): States {
  const apart = Math.sqrt((Math.max(0, dispersion - 1) * ratePerSecond) / perSquare(burstMs, burstShare))
  const most = ratePerSecond / burstShare
  const gap = Math.min(apart, most)
  return {
    quietPerSecond: ratePerSecond - burstShare * gap,
    busyPerSecond: ratePerSecond + (1 - burstShare) * gap,
    busyMs: burstMs,
    quietMs: (burstMs * (1 - burstShare)) / burstShare,
  }
}

interface BurstShape {
  burstMs?: number
  burstShare?: number
}

/** How much the square of the two rates' distance adds to the index, times the mean rate. */
function perSquare(burstMs: number, share: number): number {
  const switching = 1_000 / burstMs / (1 - share)
  const seconds = WINDOW_MS / 1_000
  const lasting = 1 - (1 - Math.exp(-switching * seconds)) / (switching * seconds)
  return (2 * share * (1 - share) * lasting) / switching
}

function burstMoments({ busyPerSecond, quietPerSecond, busyMs, quietMs }: States, span: Span, draw: Draw): number[] {
  const moments: number[] = []
  let busy = draw.chance(busyMs / (busyMs + quietMs))
  for (let fromMs = span.fromMs; fromMs < span.toMs; busy = !busy) {
    const toMs = Math.min(span.toMs, fromMs + Math.max(RESOLUTION_MS, draw.exponential(busy ? busyMs : quietMs)))
    const rate = busy ? busyPerSecond : quietPerSecond
    if (rate > 1e-6) moments.push(...renewals({ fromMs, toMs }, () => draw.exponential(1_000_000 / rate)))
    fromMs = toMs
  }
  return moments
}

/** @throws HarnessError `ARRIVALS_INVALID`, when nobody could send this way */
export function assertArrivals(arrivals: Arrivals, ratePerSecond: number): void {
  const refuse = (message: string, hint: string): never => {
    throw new HarnessError('ARRIVALS_INVALID', message, hint)
  }
  if (arrivals.kind === 'recorded') {
    const { atMs } = arrivals
    const wrong = atMs.find((at, n) => !Number.isFinite(at) || at < (n === 0 ? 0 : (atMs[n - 1] ?? 0)))
    if (atMs.length === 0) refuse('the recorded list of arrivals is empty', 'give moments: atMs: [0, 120, …]')
    if (wrong !== undefined) refuse(`the recorded arrivals have ${wrong} out of order`, 'moments are ms since the start, ascending')
  }
  if (arrivals.kind === 'salvos' && !(Number.isInteger(arrivals.size) && arrivals.size >= 1))
    refuse(`salvos of ${arrivals.size}`, 'size must be a whole number from 1')
  if (arrivals.kind === 'heavy-tailed' && !(arrivals.dispersion > 0))
    refuse(`heavy-tailed arrivals with a dispersion of ${arrivals.dispersion}`, 'it must be above 0; 1 is Poisson')
  if (arrivals.kind === 'bursts') assertBursts(arrivals, ratePerSecond, refuse)
}

function assertBursts(
  { dispersion, burstMs = BURST_MS, burstShare = BURST_SHARE }: { dispersion: number } & BurstShape,
  ratePerSecond: number,
  refuse: (message: string, hint: string) => never,
): void {
  if (!(burstMs >= RESOLUTION_MS))
    refuse(
      `bursts of ${burstMs} ms are under the clock's resolution`,
      `burstMs must be at least ${RESOLUTION_MS}; salvos come in one moment`,
    )
  if (!(burstShare > 0 && burstShare < 1)) refuse(`a burstShare of ${burstShare}`, 'it is the part of the time: above 0 and below 1')
  const most = 1 + ((ratePerSecond / burstShare) ** 2 * perSquare(burstMs, burstShare)) / ratePerSecond
  if (dispersion >= 1 && dispersion <= most) return
  const reach = Math.floor(most * 10) / 10
  refuse(
    `a dispersion of ${dispersion} cannot be had with ${Math.round(ratePerSecond * 10) / 10} tasks a second in bursts of ${burstMs} ms`,
    `it must be from 1 to ${reach}; more agents, longer bursts or a smaller burstShare reach further`,
  )
}
