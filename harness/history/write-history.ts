// history.ndjson: all that a history has, a line each, in the order of time; agents, effects and leaks, which have none, at
// the end. Whole or not at all: it is written beside, and then put in its place. Bounds: a thousand lines are held, and a thousand more
// while they are written.
import { open, rename } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../errors.ts'
import { type HeaderLine, type HistoryLine, SCHEMA_VERSION } from './event.ts'
import type { History } from './history.ts'

const WRITE_AT_ONCE = 1_000

/** @throws HarnessError `HISTORY_UNWRITABLE` */
export async function writeHistory(folder: string, history: History, notes: string[]): Promise<void> {
  const { calls, faults, attempts, samples, clocks, hits, spans, agents, effects, leaks } = history
  const between = [...faults, ...attempts, ...samples, ...clocks, ...hits, ...spans].sort((a, b) => a.atMs - b.atMs)
  const after = [...agents, ...effects, ...leaks]
  const { t0Ms, callsInServerLog, callsTwiceInServerLog, fleet, raw = {} } = history.manifest
  const header: HeaderLine = {
    kind: 'history',
    schemaVersion: SCHEMA_VERSION,
    ...(t0Ms !== undefined && { t0Ms }),
    ...(callsInServerLog !== undefined && { callsInServerLog }),
    ...(callsTwiceInServerLog !== undefined && { callsTwiceInServerLog }),
    ...(fleet && { fleet }),
    raw,
    notes,
    lines: calls.length + between.length + after.length,
  }
  try {
    await writeWhole(path.join(folder, 'history.ndjson'), inOrder(header, calls, between, after))
  } catch (error) {
    throw new HarnessError(
      'HISTORY_UNWRITABLE',
      `history.ndjson cannot be written into ${JSON.stringify(folder)}`,
      'copy the folder to where you may write, and free some space',
      error,
    )
  }
}

/** Calls and what happened between them, each in the order of time already; where moments are equal, the call first. */
function* inOrder(header: HeaderLine, calls: History['calls'], between: (HistoryLine & { atMs: number })[], after: HistoryLine[]) {
  yield header
  let next = 0
  for (const call of calls) {
    for (let line = between[next]; line && line.atMs < call.sentAtMs; line = between[++next]) yield line
    yield call
  }
  yield* between.slice(next)
  yield* after
}

async function writeWhole(file: string, lines: Iterable<HistoryLine>): Promise<void> {
  const part = `${file}.part`
  await using handle = await open(part, 'w')
  let some: string[] = []
  let writing = Promise.resolve()
  for (const line of lines) {
    some.push(`${JSON.stringify(line)}\n`)
    if (some.length < WRITE_AT_ONCE) continue
    await writing
    writing = handle.writeFile(some.join(''))
    some = []
  }
  await writing
  await handle.writeFile(some.join(''))
  await rename(part, file)
}
