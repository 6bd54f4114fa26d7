// The seeded generator: all randomness of a run is drawn here, before it, from one seed. Same seed, same numbers on any
// machine: 32-bit integer arithmetic, and no transcendental function whose last digit could differ between engines goes
// unrounded into the plan.

import { drawSecret } from './secrets.ts'

/** A stretch of the run, ms since its start; the end is exclusive. */
export interface Span {
  fromMs: number
  toMs: number
}

export interface Draw {
  /** 0 ≤ x < 1. */
  unit(): number
  /** A whole number, both ends included. */
  int(from: number, to: number): number
  pick<T>(list: readonly T[]): T
  chance(share: number): boolean
  /** A lower-case word of two to four syllables. */
  word(): string
  /** Made-up customer's data, another one each time, which no log, span, error or report may show: it is looked for there after the run. */
  secret(): string
  /** Ms, rounded to whole ones. */
  exponential(meanMs: number): number
  /** Ms, rounded to whole ones. `spread` is the deviation of the logarithm: 0.58 puts p90 at 2.1 × the median. */
  logNormal(medianMs: number, spread: number): number
  /** Moments of a Poisson process in the span, ms, ascending. */
  poisson(span: Span, ratePerSecond: number): number[]
  /** Moments every `everyMs`, from a drawn offset on. */
  regular(span: Span, everyMs: number): number[]
  /** When the tasks of an agent start that has one every `everyMs`: as the scenario's `arrivals` say, else as named here. */
  arrivals(span: Span, everyMs: number, byDefault: 'poisson' | 'regular'): number[]
  /** An independent generator for one named thing, so that adding a thing shifts no other. */
  fork(name: string): Draw
}

/** mulberry32 over a hash of the name path: small, fast, equal everywhere. */
export function createDraw(seed: number, name = ''): Draw {
  let state = hash32(`${seed}:${name}`)
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (from: number, to: number) => from + Math.floor(unit() * (to - from + 1))
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)] as T
  const exponential = (meanMs: number) => Math.round(-Math.log(1 - unit()) * meanMs)
  const poisson = (span: Span, ratePerSecond: number) => {
    const moments: number[] = []
    for (let at = span.fromMs + exponential(1_000 / ratePerSecond); at < span.toMs; at += exponential(1_000 / ratePerSecond))
      moments.push(at)
    return moments
  }
  const regular = (span: Span, everyMs: number) => {
    const moments: number[] = []
    for (let at = span.fromMs + Math.floor(unit() * everyMs); at < span.toMs; at += everyMs) moments.push(at)
    return moments
  }
  const word = () => Array.from({ length: int(2, 4) }, () => pick(SYLLABLES)).join('')
  return {
    unit,
    int,
    pick,
    chance: (share) => unit() < share,
    word,
    secret: () => drawSecret({ int, pick, word }),
    exponential,
    logNormal: (medianMs, spread) => {
      // Box and Muller: one normal number from two uniform ones.
      const normal = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit())
      return Math.round(medianMs * Math.exp(spread * normal))
    },
    poisson,
    regular,
    arrivals: (span, everyMs, byDefault) => (byDefault === 'poisson' ? poisson(span, 1_000 / everyMs) : regular(span, everyMs)),
    fork: (next) => createDraw(seed, `${name}/${next}`),
  }
}

const SYLLABLES = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'ke', 'li', 'mo', 'nu', 'pa', 're', 'si', 'to', 'vu', 'za'] as const

/** FNV-1a with a final mix, 32 bits. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
