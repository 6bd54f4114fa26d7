// The server's own log lines about a few calls, for those who look at them closely: the report's witnesses and the findings. A line is
// about a call when it mentions the call's id, wherever: as a field, in a sentence, in a log that is no JSON. The history itself keeps of
// a log only who answered and how long it took (server-log.ts), since all lines of a long run would not fit into memory.
// Bounds: 8 lines a call, 2,000 characters a line. Not modelled: lines that name only the trace.
import path from 'node:path'
import { blocksOf } from './chunks.ts'
import { serverLogs } from './server-log.ts'

const LINES_MAX = 8
const CHARACTERS_MAX = 2_000

export interface LoggedLine {
  /** `server-1.log:214`, counted from 1. */
  where: string
  /** As written; longer lines end in `…`. */
  text: string
}

/** By call id; a call without a line is not in it. */
export type CallLogs = ReadonlyMap<string, readonly LoggedLine[]>

/**
 * Reads raw/server-<n>.log of a run's folder.
 * @param run the run's id: every call's id begins with it
 * @param calls ids of the calls that are looked at
 */
export async function readCallLogs(folder: string, run: string, calls: ReadonlySet<string>): Promise<CallLogs> {
  const found = new Map<string, LoggedLine[]>()
  if (calls.size === 0) return found
  const raw = path.join(folder, 'raw')
  for (const name of await serverLogs(raw)) {
    let before = 0
    for await (const { text } of blocksOf(path.join(raw, name))) {
      const lines = new LineNumbers(text, before)
      for (const { call, at } of mentioned(text, run, calls)) {
        const of = found.get(call) ?? []
        found.set(call, of)
        const where = `${name}:${lines.numberAt(at)}`
        if (of.length < LINES_MAX && of.at(-1)?.where !== where) of.push({ where, text: cut(lineAt(text, at)) })
      }
      before = lines.numberAt(text.length)
    }
  }
  return found
}

/** Where these calls' ids stand. An id begins with the run's and goes on as far as an id can; most lines are of calls that nobody looks at. */
function* mentioned(text: string, run: string, calls: ReadonlySet<string>): Generator<{ call: string; at: number }> {
  const id = /[\w.-]{0,199}\w/y
  for (let at = text.indexOf(`${run}-`); at >= 0; at = text.indexOf(`${run}-`, at + 1)) {
    id.lastIndex = at
    if (!id.test(text)) continue
    const call = text.slice(at, id.lastIndex)
    if (calls.has(call)) yield { call, at }
  }
}

/** Counts as it goes: asked for positions in their order. */
class LineNumbers {
  readonly #text: string
  #number: number
  #newline: number

  constructor(text: string, before: number) {
    this.#text = text
    this.#number = before + 1
    this.#newline = text.indexOf('\n')
  }

  numberAt(position: number): number {
    for (; this.#newline >= 0 && this.#newline < position; this.#newline = this.#text.indexOf('\n', this.#newline + 1)) this.#number++
    return this.#number
  }
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(text.lastIndexOf('\n', at) + 1, end < 0 ? undefined : end)
}

/** A copy: a mere slice would keep the whole text that it is a part of. */
function cut(line: string): string {
  const text = line.length <= CHARACTERS_MAX ? line : `${line.slice(0, CHARACTERS_MAX - 1)}…`
  return Buffer.from(text).toString()
}
