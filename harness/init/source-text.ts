// Values as TypeScript source. Names, descriptions and defaults come from a server that nobody has vouched
// for: whatever they hold, they end up as a literal or within one line of a comment, never as code. Pure.
import type { Drawn } from './drawn.ts'

const COMMENT_CHARACTERS_MAX = 100
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

export function quoted(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${visible(escaped)}'`
}

/** On one line, whatever is in it: line ends of all sorts would end a comment. */
export function commented(text: string): string {
  const plain = text
    .replace(/\p{C}|\p{Zl}|\p{Zp}|\s+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  return plain.length > COMMENT_CHARACTERS_MAX ? `${plain.slice(0, COMMENT_CHARACTERS_MAX - 1)}…` : plain
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  return objectText(Object.entries(value).map(([name, one]) => [name, literal(one)]))
}

/** `(draw) => ({ page: draw.int(1, 50) })`; `() => ({})` where nothing is drawn. */
export function argumentsText(drawn: Drawn): string {
  const text = expression(drawn)
  return `(${text.includes('draw.') ? 'draw' : ''}) => (${text})`
}

function expression(drawn: Drawn): string {
  switch (drawn.kind) {
    case 'fixed':
      return literal(drawn.value)
    case 'pick':
      return `draw.pick(${literal(drawn.values)})`
    case 'int':
      return `draw.int(${drawn.from}, ${drawn.to})`
    case 'list':
      return `[${drawn.items.map(expression).join(', ')}]`
    case 'object':
      return objectText(drawn.fields.map(([name, field]) => [name, expression(field)]))
    case 'todo':
      return `todo(${quoted(drawn.what)})`
  }
}

function objectText(fields: readonly (readonly [string, string])[]): string {
  if (fields.length === 0) return '{}'
  return `{ ${fields.map(([name, text]) => `${keyOf(name)}: ${text}`).join(', ')} }`
}

/** As a computed name the prototype's is one like others. */
function keyOf(name: string): string {
  if (name === '__proto__') return `['__proto__']`
  return IDENTIFIER.test(name) ? name : quoted(name)
}

/** Characters that show as nothing or turn the line round (bidirectional controls) are written by their numbers. */
function visible(text: string): string {
  return text.replace(/\p{Cf}|\p{Zl}|\p{Zp}|\p{Co}/gu, (character) =>
    [...character].map((one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`).join(''),
  )
}
