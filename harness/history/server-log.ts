// The server's own log, raw/server-<n>.log: whatever it prints, of which the JSON lines with a call's id count. A line whose
// id does not start with the run's id is no call of ours (a probe, another client). Several lines of one call: the one with
// the longest duration is kept, since servers log a call's start too. Lines with a duration are counted as requests: two of
// one call show that something on the way sent it again, since an agent asks again under another id. A server that writes
// several such lines a request cannot be told from that.
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ServerSide } from './event.ts'
import { textLines } from './lines.ts'
import type { Manifest } from './manifest.ts'

/** Tried in this order where the target does not name the field. */
const DURATION_FIELDS = ['duration_ms', 'durationMs', 'responseTime', 'elapsed_ms', 'elapsedMs']

interface ServerLog {
  /** By call id. */
  calls: Map<string, ServerSide>
  /** Ids with more than one line that has a duration, in the order of their first; undefined when no line has one. */
  twice?: string[]
}

/** Undefined when this target's logs are not observed. */
export async function readServerLogs(rawFolder: string, manifest: Manifest): Promise<ServerLog | undefined> {
  const { requestId, durationMs } = manifest.observed
  if (requestId === undefined) return undefined
  const calls = new Map<string, ServerSide>()
  const twice = new Set<string>()
  let timed = false
  const names = (await readdir(rawFolder).catch(() => [])).filter((name) => /^server-.+\.log$/.test(name)).sort()
  for (const name of names) {
    const instance = name.slice('server-'.length, -'.log'.length)
    for await (const { text } of textLines(path.join(rawFolder, name))) {
      const line = jsonObject(text)
      const call = line && fieldOf(line, requestId)
      if (typeof call !== 'string' || !call.startsWith(`${manifest.run}-`)) continue
      const took = durationOf(line as Record<string, unknown>, durationMs)
      const before = calls.get(call)
      timed ||= took !== undefined
      // The one that is kept has a duration as soon as any of its call's lines has.
      if (took !== undefined && before?.durationMs !== undefined) twice.add(call)
      if (before && (before.durationMs ?? -1) >= (took ?? -1)) continue
      calls.set(call, took === undefined ? { instance } : { instance, durationMs: took })
    }
  }
  return { calls, ...(timed && { twice: [...calls.keys()].filter((call) => twice.has(call)) }) }
}

function durationOf(line: Record<string, unknown>, field: string | undefined): number | undefined {
  for (const name of field === undefined ? DURATION_FIELDS : [field]) {
    const value = fieldOf(line, name)
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  }
  return undefined
}

/** `req.id` steps into an object, unless there is a field of that very name. */
export function fieldOf(line: Record<string, unknown>, field: string): unknown {
  if (field in line) return line[field]
  let value: unknown = line
  for (const step of field.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined
  return value
}

/** Undefined for a line that is no JSON object. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}
