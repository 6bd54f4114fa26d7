// What may be asked of a link by hand: each toxic's parameters with their ranges, as the faults keep them.
import type { Stream, Toxics } from '../../environment/service.ts'

type Range = [from: number, to: number]
const MS: Range = [0, 3_600_000]
const BYTES: Range = [0, 1_073_741_824]
const SEED: Range = [0, 4_294_967_295]
const SOME = { toxicity: [0, 1], seed: SEED } satisfies Record<string, Range>
const STREAMS: readonly Stream[] = ['upstream', 'downstream']
const SOME_ONE_WAY = { ...SOME, stream: STREAMS }

const WORDS: { [K in keyof Toxics]: Record<keyof Toxics[K] & string, Range | readonly string[]> } = {
  latency: { delayMs: MS, jitterMs: MS, ...SOME_ONE_WAY },
  down: SOME,
  blackHole: {},
  reset: SOME,
  cut: { afterBytes: BYTES, share: [0, 1], seed: SEED },
  bandwidth: { bytesPerSecond: [1, 1e12], ...SOME_ONE_WAY },
  timeout: { closeAfterMs: MS, ...SOME_ONE_WAY },
  slowClose: { delayMs: MS, ...SOME_ONE_WAY },
  limitData: { bytes: BYTES, ...SOME },
  connectDelay: { delayMs: MS, ...SOME },
  slicer: { sizeBytes: [1, 1_073_741_824], delayMs: MS, ...SOME_ONE_WAY },
}
const OPTIONAL = ['jitterMs', 'seed', 'toxicity', 'stream']

/** Why this is no toxic, or undefined when it is one. */
export function flawOf(given: unknown): string | undefined {
  const { toxic, parameters = {} } = (given ?? {}) as { toxic?: string; parameters?: Record<string, unknown> }
  const words: Record<string, Range | readonly string[]> | undefined = Object.hasOwn(WORDS, String(toxic))
    ? WORDS[toxic as keyof Toxics]
    : undefined
  if (!words) return `toxic must be one of ${Object.keys(WORDS).join(', ')}`
  const stray = Object.keys(parameters).find((name) => !Object.hasOwn(words, name))
  if (stray !== undefined) return `${toxic} has no parameter ${stray}; it has ${Object.keys(words).join(', ') || 'none'}`
  for (const [name, allowed] of Object.entries(words)) {
    const value = parameters[name]
    if (value === undefined && OPTIONAL.includes(name)) continue
    if (isRange(allowed)) {
      const [from, to] = allowed
      if (typeof value !== 'number' || !(value >= from && value <= to)) return `${name} must be a number from ${from} to ${to}`
    } else if (!allowed.includes(String(value))) return `${name} must be ${allowed.join(' or ')}`
  }
  return undefined
}

function isRange(allowed: Range | readonly string[]): allowed is Range {
  return typeof allowed[0] === 'number'
}
