// Reads a file of JSON lines, one validated line at a time. A line that is no JSON or not of its kind is left out and
// noted; a file that ends in the middle of a line is read up to there, and said so. Bounds: a line of 1 MiB, the notes of
// 5 bad lines a file (the rest is counted). Words that come again and again (an agent, a policy) are kept once:
// a run of a million calls says the same few things millions of times.
import { isAscii } from 'node:buffer'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import type { z } from 'zod'
import { loadLine } from './event-schema.ts'
import { isPlain } from './plain-line.ts'

const LINE_MAX = 1_048_576
const NOTES_MAX = 5
const CHUNK_BYTES = 1_048_576
const NEWLINE = 10

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

/** Every line that is not blank; `ended` is false for a last one without its newline. */
export async function* textLines(file: string): AsyncGenerator<{ text: string; number: number; ended: boolean }> {
  for await (const { texts, from, ended } of chunksOf(file))
    for (const [n, text] of texts.entries()) if (text.trim() !== '') yield { text, number: from + n, ended }
}

/** Lines as they come from the disk, many at once, blank ones too; `from` numbers the first. A last one without its newline comes alone. */
export async function* chunksOf(file: string): AsyncGenerator<{ texts: string[]; from: number; ended: boolean }> {
  let from = 1
  for await (const { text, ended } of blocksOf(file)) {
    const texts = text.split('\n')
    yield { texts, from, ended }
    from += texts.length
  }
}

/**
 * The same in one piece, without the newline of its last line. The next one is read from the disk meanwhile, into the same memory. Of a line
 * that is longer than it may be, something is left out.
 */
export async function* blocksOf(file: string): AsyncGenerator<{ text: string; ended: boolean }> {
  await using handle = await open(file)
  const bytes = Buffer.allocUnsafe(LINE_MAX + CHUNK_BYTES)
  let held = 0
  let reading = handle.read(bytes, held, CHUNK_BYTES)
  for (let read = await reading; read.bytesRead > 0; read = await reading) {
    const filled = held + read.bytesRead
    const end = bytes.lastIndexOf(NEWLINE, filled - 1)
    const text = end < 0 ? undefined : textOf(bytes.subarray(0, end))
    bytes.copyWithin(0, end + 1, filled)
    held = Math.min(filled - end - 1, LINE_MAX)
    reading = handle.read(bytes, held, CHUNK_BYTES)
    if (text !== undefined) yield { text, ended: true }
  }
  if (held > 0) yield { text: textOf(bytes.subarray(0, held)), ended: false }
}

/** Of text that is ASCII, as most is, latin1 is the same and read in half the time. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  )
}
