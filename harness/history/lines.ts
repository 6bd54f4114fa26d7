// Reads a file of JSON lines, one validated line at a time. A line that is no JSON or not of its kind is left out and
// noted; a file that ends in the middle of a line is read up to there, and said so. Bounds: a line of 1 MiB, the notes of
// 5 bad lines a file (the rest is counted).
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { z } from 'zod'

const LINE_MAX = 1_048_576
const NOTES_MAX = 5

export interface ReadLines<T> {
  lines: T[]
  /** `absent`: there is no such file. */
  state: 'whole' | 'damaged' | 'absent'
  notes: string[]
}

/** @param schema what each line must be; the line itself is kept as it was written */
export async function readLines<T>(file: string, schema: z.ZodType): Promise<ReadLines<T>> {
  const read: ReadLines<T> = { lines: [], state: 'whole', notes: [] }
  if (!(await exists(file))) return { ...read, state: 'absent' }
  const name = path.basename(file)
  let bad = 0
  for await (const { text, number, ended } of textLines(file)) {
    const flaw = takeLine(text, schema, read.lines)
    if (flaw === undefined) continue
    bad++
    read.state = 'damaged'
    if (!ended) read.notes.push(`raw/${name} is cut in the middle of line ${number}: it is judged up to there`)
    else if (bad <= NOTES_MAX) read.notes.push(`raw/${name}: line ${number} is left out: ${flaw}`)
  }
  if (bad > NOTES_MAX) read.notes.push(`raw/${name}: ${bad} lines are left out in all`)
  return read
}

function takeLine<T>(text: string, schema: z.ZodType, into: T[]): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'it is no JSON'
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) {
    into.push(value as T)
    return undefined
  }
  const [issue] = parsed.error.issues
  return `${issue?.path.join('.') || 'the line'}: ${issue?.message ?? 'not of its kind'}`
}

/** Every line that is not blank; `ended` is false for a last one without its newline. */
export async function* textLines(file: string): AsyncGenerator<{ text: string; number: number; ended: boolean }> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let number = 0
  for await (const chunk of createReadStream(file)) {
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = (parts.pop() ?? '').slice(0, LINE_MAX)
    for (const text of parts) {
      number++
      if (text.trim() !== '') yield { text, number, ended: true }
    }
  }
  rest += decoder.end()
  if (rest.trim() !== '') yield { text: rest, number: number + 1, ended: false }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  )
}
