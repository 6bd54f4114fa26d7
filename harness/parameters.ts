// Parameters of personas, faults and checks, each declared once with unit, default and range. From that one line come
// the type, the refusal of a bad value, the catalogue and the help.
import { HarnessError } from './errors.ts'

/** One declared parameter. `from` and `to` are inclusive. */
export interface Parameter<T = unknown> {
  readonly unit: string
  readonly default: T
  /** Default at quick scale, where it differs. */
  readonly quick?: T
  readonly from?: number
  readonly to?: number
  readonly integer?: boolean
  readonly choices?: readonly string[]
  /** For words: what they must match, as a regular expression. */
  readonly pattern?: string
}

// biome-ignore lint/suspicious/noExplicitAny: the value type is recovered by Values
export type Parameters = Readonly<Record<string, Parameter<any>>>

/** The plain values of declared parameters: `{ delayMs: number }`. */
export type Values<P extends Parameters> = { [K in keyof P]: P[K] extends Parameter<infer T> ? T : never }

interface Range {
  from: number
  to: number
}

export function milliseconds(byDefault: number, range: Range = { from: 0, to: 3_600_000 }): Parameter<number> {
  return { unit: 'ms', default: byDefault, ...range }
}

export function count(byDefault: number, range: Range = { from: 0, to: 1_000_000 }): Parameter<number> {
  return { unit: '', default: byDefault, integer: true, ...range }
}

export function bytes(byDefault: number, range: Range = { from: 0, to: 1_073_741_824 }): Parameter<number> {
  return { unit: 'bytes', default: byDefault, integer: true, ...range }
}

export function perSecond(byDefault: number, range: Range = { from: 0.001, to: 10_000 }): Parameter<number> {
  return { unit: '/s', default: byDefault, ...range }
}

/** The same with another default at quick scale: think times divided, patience within the window. */
export function atQuick<T>(parameter: Parameter<T>, byDefault: T): Parameter<T> {
  return { ...parameter, quick: byDefault }
}

/** A part of the whole, 0 to 1. */
export function share(byDefault: number, range: Range = { from: 0, to: 1 }): Parameter<number> {
  return { unit: 'of 1', default: byDefault, ...range }
}

/** A factor: how many times another measured value. */
export function ratio(byDefault: number, range: Range = { from: 0, to: 1_000 }): Parameter<number> {
  return { unit: '×', default: byDefault, ...range }
}

export function choice<const C extends readonly string[]>(choices: C, byDefault: C[number]): Parameter<C[number]> {
  return { unit: '', default: byDefault, choices }
}

/** The name of a table, role or the like in SQL, with its schema if need be; none that would have to be quoted. */
export function sqlName(byDefault: string): Parameter<string> {
  return { unit: '', default: byDefault, pattern: '^[a-z_][a-z0-9_]{0,62}([.][a-z_][a-z0-9_]{0,62})?$' }
}

/**
 * Fills in defaults and refuses what is out of range.
 * @throws HarnessError `PARAMETER_INVALID`, with the value quoted and its range
 */
export function resolve<P extends Parameters>(
  owner: string,
  declared: P,
  given: Partial<Values<P>>,
  scale: 'quick' | 'full' = 'full',
): Values<P> {
  for (const name of Object.keys(given)) {
    if (!(name in declared)) {
      const known = Object.keys(declared).join(', ') || 'none'
      throw new HarnessError('PARAMETER_INVALID', `${owner} has no parameter ${JSON.stringify(name)}`, `its parameters: ${known}`)
    }
  }
  const values: Record<string, unknown> = {}
  for (const [name, parameter] of Object.entries(declared)) {
    const byDefault: unknown = scale === 'quick' && parameter.quick !== undefined ? parameter.quick : parameter.default
    const value: unknown = given[name as keyof P] ?? byDefault
    const problem = flaw(parameter, value)
    if (problem !== undefined) {
      throw new HarnessError('PARAMETER_INVALID', `${owner}: ${name} is ${JSON.stringify(value)}`, `${name} must be ${problem}`)
    }
    values[name] = value
  }
  return values as Values<P>
}

/** What a value should have been, or undefined when it is fine. */
function flaw(parameter: Parameter, value: unknown): string | undefined {
  if (parameter.choices) return parameter.choices.includes(String(value)) ? undefined : `one of ${parameter.choices.join(', ')}`
  if (parameter.pattern !== undefined) return new RegExp(parameter.pattern).test(String(value)) ? undefined : `like ${parameter.default}`
  if (typeof parameter.default !== 'number') return typeof value === typeof parameter.default ? undefined : `a ${typeof parameter.default}`
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, integer, unit } = parameter
  const fits = typeof value === 'number' && value >= from && value <= to && (!integer || Number.isInteger(value))
  return fits ? undefined : `${integer ? 'a whole number' : 'a number'} from ${from} to ${to}${unit ? ` ${unit}` : ''}`
}
