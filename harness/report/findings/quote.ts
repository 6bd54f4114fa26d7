// Text of the server's in Markdown: made plain and bounded, and behind as many backticks as it takes, so that it ends no block and no
// table cell, and reads as quotation. Source: CommonMark 0.31, code spans and fenced code blocks.
import { plain } from '../plain.ts'

/** Inline code that no text can end. */
export function code(text: string, longest = 120): string {
  const line = plain(text, longest)
  const longestRun = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length))
  const ticks = '`'.repeat(longestRun + 1)
  return longestRun > 0 ? `${ticks} ${line} ${ticks}` : `${ticks}${line}${ticks}`
}

/** A block of lines that have been made plain. */
export function fenced(lines: readonly string[]): string {
  const longestRun = Math.max(2, ...lines.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longestRun + 1)
  return [fence, ...lines, fence].join('\n')
}

/** In a table or a list: no markup of its own. */
export function safe(text: string): string {
  return plain(text, 600).replace(/[<>[\]]/g, (mark) => `\\${mark}`)
}

export function cell(text: string): string {
  return safe(text).replaceAll('|', '\\|')
}
