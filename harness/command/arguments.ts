// What was typed, parsed once at the edge and trusted inside. A word that is no option is answered with the one that was probably meant, a
// value with what it may be. And the other way: options as they would be typed again.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { HarnessError, nearest, withoutPassword } from '../errors.ts'
import { shellWord } from '../fleet/shell-word.ts'

/** Answered before a command is asked (cli.ts): here it is only known, so that it can be meant. */
const HELP = { help: { type: 'boolean', short: 'h' } } as const

/** Whether somebody only wants to know what can be typed. */
export function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end < 0 ? words : words.slice(0, end)).some((word) => word === '--help' || word === '-h')
}

type Parsed<S extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: S; allowPositionals: true }>>

/**
 * @param command whose options these are, for the hint
 * @throws HarnessError `BAD_OPTION`
 */
export function parsed<const S extends ParseArgsOptionsConfig>(command: string, spec: S, words: string[]): Parsed<S> {
  const options = { ...HELP, ...spec }
  try {
    return parseArgs({ args: words, options, allowPositionals: true }) as unknown as Parsed<S>
  } catch (error) {
    const [message = ''] = (error as Error).message.split(/\.\s/)
    const wrong = /'-{0,2}([\w-]+)/.exec(message)?.[1] ?? ''
    const near = wrong in options ? [] : nearest(wrong, Object.keys(options))
    throw bad(message, near.length > 0 ? `did you mean --${near.join(', --')}?` : `see: npm run ${command} -- --help`, error)
  }
}

/** @throws HarnessError `BAD_OPTION` */
export function whole(name: string, text: string, from: number, to: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= from && value <= to) return value
  throw bad(`--${name} is ${JSON.stringify(text)}`, `--${name} must be a whole number from ${from} to ${to}`)
}

/** @throws HarnessError `BAD_OPTION` */
export function oneOf<const C extends string>(name: string, text: string, choices: readonly C[]): C {
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  throw bad(`--${name} is ${JSON.stringify(text)}`, `--${name} must be ${choices.join(' or ')}`)
}

/** @param hint what to type instead */
export function bad(message: string, hint: string, cause?: unknown): HarnessError {
  return new HarnessError('BAD_OPTION', message, hint, cause)
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what is undefined. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>
}

/**
 * Options as they would be typed again, in the order of the spec: those that were given, and those of `always`. Passwords stay away.
 * @param values as parsed; what is as the spec has it by default is left out
 * @param never options that are left out
 */
export function typedAgain(
  spec: ParseArgsOptionsConfig,
  values: object,
  { always = [], never = [] }: { always?: readonly string[]; never?: readonly string[] } = {},
): string {
  const all = values as Record<string, unknown>
  return Object.entries(spec)
    .filter(([name, option]) => !never.includes(name) && (always.includes(name) || all[name] !== option.default))
    .flatMap(([name]) => [all[name] ?? []].flat().map((value) => (value === true ? `--${name}` : `--${name} ${word(String(value))}`)))
    .join(' ')
}

function word(text: string): string {
  return shellWord(/^[a-z+]+:\/\//.test(text) && URL.canParse(text) ? withoutPassword(text) : text)
}
