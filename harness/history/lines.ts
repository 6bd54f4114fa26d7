// Reads a file of JSON lines, one validated line at a time. A line that is no JSON or not of its kind is left out and
// noted; a file that ends in the middle of a line is read up to there, and said so. Bounds: the notes of 5 bad
// lines a file (the rest is counted). Words that come again and again (an agent, a policy) are kept once:
// a run of a million calls says the same few things millions of times.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { z } from 'zod'
import { chunksOf } from './chunks.ts'
import { loadLine } from './event-schema.ts'
import { isPlain } from './plain-line.ts'

const NOTES_MAX = 5

export interface Read {
  /** `absent`: there is no such file. */
  state: 'whole' | 'damaged' | 'absent'
  notes: string[]
}

export interface ReadLines<T> extends Read {
  lines: T[]
}

export async function readLines<T>(file: string, schema: z.ZodType): Promise<ReadLines<T>> {
  const lines: T[] = []
  const read = await eachLine<T>(file, schema, (line) => lines.push(line))
  return { ...read, lines }
}

/**
 * @param schema what each line must be; the line itself is told as it was written
 * @param take is given each line in its order, and may keep it
 */
export async function eachLine<T>(file: string, schema: z.ZodType, take: (line: T) => void): Promise<Read> {
  const read: Read = { state: 'whole', notes: [] }
  if (!(await exists(file))) return { ...read, state: 'absent' }
  const name = path.basename(file)
  let bad = 0
  const words = new Words()
  for await (const { texts, from, ended } of chunksOf(file)) {
    for (let n = 0; n < texts.length; n++) {
      const text = texts[n] as string
      const flaw = takeLine(text, schema, words, take)
      if (flaw === undefined) continue
      bad++
      read.state = 'damaged'
      if (!ended) read.notes.push(`raw/${name} is cut in the middle of line ${from + n}: it is judged up to there`)
      else if (bad <= NOTES_MAX) read.notes.push(`raw/${name}: line ${from + n} is left out: ${flaw}`)
    }
  }
  if (bad > NOTES_MAX) read.notes.push(`raw/${name}: ${bad} lines are left out in all`)
  return read
}

function takeLine<T>(text: string, schema: z.ZodType, words: Words, take: (line: T) => void): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text.trim() === '' ? undefined : 'it is no JSON'
  }
  const parsed = schema === loadLine && isPlain(value) ? undefined : schema.safeParse(value)
  if (parsed?.success !== false) {
    words.share(value as Record<string, unknown>)
    take(value as T)
    return undefined
  }
  const [issue] = parsed.error.issues
  return `${issue?.path.join('.') || 'the line'}: ${issue?.message ?? 'not of its kind'}`
}

/** Strings that were read before, in place of equal ones; the engine does so itself for short ones. Bounded: the oldest are forgotten. */
class Words {
  static readonly #shortest = 11
  static readonly #most = 50_000
  /** What few lines say, or what is kept otherwise (load-file.ts): looking for it would cost more than it spares. */
  static readonly #left: ReadonlySet<string> = new Set(['call', 'agent', 'trace', 'parent', 'key', 'rpcId', 'span'])
  #known = new Map<string, string>()

  share(line: Record<string, unknown>): void {
    for (const name in line) {
      const word = line[name]
      if (typeof word !== 'string' || word.length < Words.#shortest || Words.#left.has(name)) continue
      const known = this.#known.get(word)
      if (known !== undefined) line[name] = known
      else this.#keep(word)
    }
  }

  #keep(word: string): void {
    if (this.#known.size >= Words.#most) this.#known = new Map()
    this.#known.set(word, word)
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  )
}
