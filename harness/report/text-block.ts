// Text of several lines for a <pre>: each line made plain and cut, so many and no more. What is left out is said.
import { html, type Markup, trusted } from './markup.ts'
import { plain } from './plain.ts'

interface Bounds {
  /** Characters of a line. */
  longest?: number
  lines?: number
}

export function textBlock(lines: readonly string[], { longest = 2_000, lines: most = 60 }: Bounds = {}): Markup {
  const shown = lines.slice(0, most).map((line) => oneLine(line, longest))
  const left = lines.length - shown.length
  return html`<pre class="block">${shown}${left > 0 && html`… ${left} more lines`}</pre>`
}

/** A value as JSON, indented, in a form that `textBlock` takes. */
export function jsonLines(value: unknown): string[] {
  return JSON.stringify(value, undefined, 2).split('\n')
}

/** Its indentation stays, which plain text would lose. */
function oneLine(line: string, longest: number): Markup {
  const [indent = ''] = /^ {0,16}/.exec(line) ?? []
  return html`${trusted(indent)}${plain(line.slice(indent.length), longest)}
`
}
