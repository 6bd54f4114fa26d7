// What may be asked of a link by hand: each toxic's parameters with their ranges, as the faults keep them.
import type { Toxics } from '../../environment/service.ts'

type Range = [from: number, to: number]
const MS: Range = [0, 3_600_000]
const BYTES: Range = [0, 1_073_741_824]
const SEED: Range = [0, 4_294_967_295]

const WORDS: { [K in keyof Toxics]: Record<keyof Toxics[K] & string, Range> } = {
  latency: { delayMs: MS, jitterMs: MS, seed: SEED },
  down: {},
  blackHole: {},
  reset: {},
  cut: { afterBytes: BYTES, share: [0, 1], seed: SEED },
  bandwidth: { bytesPerSecond: [1, 1e12] },
  timeout: { closeAfterMs: MS },
  slowClose: { delayMs: MS },
  limitData: { bytes: BYTES },
  connectDelay: { delayMs: MS },
  slicer: { sizeBytes: [1, 1_073_741_824], delayMs: MS },
}
const OPTIONAL = ['jitterMs', 'seed']

/** Why this is no toxic, or undefined when it is one. */
export function flawOf(given: unknown): string | undefined {
  const { toxic, parameters = {} } = (given ?? {}) as { toxic?: string; parameters?: Record<string, unknown> }
  const words: Record<string, Range> | undefined = Object.hasOwn(WORDS, String(toxic)) ? WORDS[toxic as keyof Toxics] : undefined
  if (!words) return `toxic must be one of ${Object.keys(WORDS).join(', ')}`
  const stray = Object.keys(parameters).find((name) => !Object.hasOwn(words, name))
  if (stray !== undefined) return `${toxic} has no parameter ${stray}; it has ${Object.keys(words).join(', ') || 'none'}`
  for (const [name, [from, to]] of Object.entries(words)) {
    const value = parameters[name]
    if (value === undefined && OPTIONAL.includes(name)) continue
    if (typeof value !== 'number' || !(value >= from && value <= to)) return `${name} must be a number from ${from} to ${to}`
  }
  return undefined
}
