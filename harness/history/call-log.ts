// The server's own log lines about a few calls, for those who look at them closely: the report's witnesses and the findings. A line is
// about a call when it mentions the call's id, wherever: as a field, in a sentence, in a log that is no JSON. The history itself keeps of
// a log only who answered and how long it took (server-log.ts), since all lines of a long run would not fit into memory.
// Bounds: 8 lines a call, 2,000 characters a line. Not modelled: lines that name only the trace.
import path from 'node:path'
import { chunksOf } from './lines.ts'
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
  for (const name of await serverLogs(raw))
    for await (const { texts, from } of chunksOf(path.join(raw, name)))
      texts.forEach((text, n) => {
        for (const call of mentioned(text, run)) {
          if (!calls.has(call)) continue
          const lines = found.get(call) ?? []
          found.set(call, lines)
          if (lines.length < LINES_MAX) lines.push({ where: `${name}:${from + n}`, text: cut(text) })
        }
      })
  return found
}

/** Ids in a line, each once: from the run's id on, as far as an id can go. */
function mentioned(text: string, run: string): Set<string> {
  const ids = new Set<string>()
  for (let from = text.indexOf(`${run}-`); from >= 0; from = text.indexOf(`${run}-`, from + 1)) {
    const [id] = /^[\w.-]+/.exec(text.slice(from, from + 200)) ?? []
    if (id !== undefined) ids.add(id.replace(/[.-]+$/, ''))
  }
  return ids
}

function cut(text: string): string {
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX - 1)}…`
}
