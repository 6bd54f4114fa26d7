// No answer is larger than RESULT_MAX_BYTES: a result that a model cannot read costs memory, time and its whole context.
// A list is cut to what fits and says so (`truncated: true`); what cannot be cut is RESULT_TOO_LARGE. A committed write is
// never failed for the size of its echo: it happened, and saying otherwise makes the agent do it again.
// Where it was cut, the tool makes a cursor to the rest (tools/run.ts); its room is left here.
// Does not model: compression.
import type { ToolResult } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Tool } from '../tools/tool.ts'

/** For `"cursor":"…"`, bytes. */
const CURSOR_BYTES = 64

/** @throws CallError RESULT_TOO_LARGE */
export function capped(tool: Tool, result: ToolResult, maxBytes: number): ToolResult {
  const room = maxBytes - (result.next ? CURSOR_BYTES : 0)
  if (tool.class !== 'read' || Buffer.byteLength(JSON.stringify(result.structured)) <= room) return result
  const list = tool.list === undefined ? undefined : result.structured[tool.list]
  if (tool.list === undefined || !Array.isArray(list)) throw tooLarge(maxBytes)
  const frameBytes = Buffer.byteLength(JSON.stringify({ ...result.structured, [tool.list]: [], truncated: true }))
  let leftBytes = room - frameBytes
  const kept: unknown[] = []
  for (const item of list) {
    leftBytes -= Buffer.byteLength(JSON.stringify(item)) + 1
    if (leftBytes < 0) break
    kept.push(item)
  }
  if (kept.length === 0) throw tooLarge(maxBytes)
  return { ...result, structured: { ...result.structured, [tool.list]: kept, truncated: true } }
}

function tooLarge(maxBytes: number): CallError {
  return new CallError('RESULT_TOO_LARGE', `The result is larger than ${maxBytes} bytes; ask for less.`, { limit: maxBytes })
}
